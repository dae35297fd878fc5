# Does what systemd does for a socket unit: listens, and hands the sockets over from descriptor 3 on.
# activate.pl ADDRESS... -- COMMAND...; an address is IPv4:PORT or the path of a unix socket.
use strict;
use warnings;
use Socket;
use POSIX qw(dup2);

my @kept;
while (defined(my $address = shift @ARGV)) {
    last if $address eq '--';
    my ($host, $port) = $address =~ /^([\d.]+):(\d+)$/;
    socket(my $socket, defined $host ? PF_INET : PF_UNIX, SOCK_STREAM, 0) or die "socket: $!";
    my $name = defined $host ? pack_sockaddr_in($port, inet_aton($host)) : pack_sockaddr_un($address);
    bind($socket, $name) or die "bind: $!";
    listen($socket, 16) or die "listen: $!";
    push @kept, $socket;
}
# By way of higher numbers, so that none is overwritten before it is copied.
dup2(fileno($kept[$_]), 20 + $_) // die "dup2: $!" for 0 .. $#kept;
for (0 .. $#kept) {
    dup2(20 + $_, 3 + $_) // die "dup2: $!";
    POSIX::close(20 + $_);
}
$ENV{LISTEN_FDS} = @kept;
$ENV{LISTEN_PID} = $$;
exec { $ARGV[0] } @ARGV or die "exec: $!";
