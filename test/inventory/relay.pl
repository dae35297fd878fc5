# A slow line to a server of 127.0.0.1: every byte arrives DELAY seconds late, in both directions.
# usage: perl relay.pl PORT SERVER-PORT DELAY   (until its standard input ends)
use strict;
use warnings;
use IO::Select;
use IO::Socket::INET;
use Time::HiRes qw(time);

my ($port, $server, $delay) = @ARGV;
my $listener = IO::Socket::INET->new(LocalAddr => "127.0.0.1", LocalPort => $port, Listen => 64, ReuseAddr => 1)
  or die "listen: $!";
my $select = IO::Select->new($listener, \*STDIN);
my (%other, @queue);
print "ready\n";
STDOUT->flush;
$SIG{PIPE} = "IGNORE";
while (1) {
  my $wait = @queue ? $queue[0][0] - time : undef;
  for my $ready ($select->can_read(defined $wait && $wait < 0 ? 0 : $wait)) {
    if ($ready == $listener) {
      my $near = $listener->accept or next;
      my $far = IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => $server) or next;
      ($other{$near}, $other{$far}) = ($far, $near);
      $select->add($near, $far);
      next;
    }
    exit 0 if $ready == \*STDIN;
    my $count = sysread $ready, my $bytes, 65536;
    push @queue, [time + $delay, $other{$ready}, $count ? $bytes : undef];
    $select->remove($ready) if !$count;
  }
  while (@queue && $queue[0][0] <= time) {
    my (undef, $to, $bytes) = @{ shift @queue };
    if (!defined $bytes) { shutdown $to, 1; next }
    for (my $at = 0; $at < length $bytes;) {
      my $sent = syswrite $to, $bytes, length($bytes) - $at, $at;
      last if !defined $sent;
      $at += $sent;
    }
  }
}
