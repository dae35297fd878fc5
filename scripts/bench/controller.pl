# Runs one command for each line of standard input, its words separated by tabs, and answers with a line of what it
# cost: wall time in microseconds, processor time in milliseconds, peak memory in KiB, status. As process 1 of its pid
# namespace: so the processor time is that of all processes the command has started, those it left behind, too, and no
# command finds anything of the one before. The commands have PASSWORD on descriptor 3, and write to OUTPUT.
# usage: perl controller.pl PASSWORD OUTPUT
use strict;
use warnings;
use POSIX ();
use Time::HiRes qw(time sleep);

my ($password, $output) = @ARGV;
$| = 1;
$^F = 3;

# wait4(2): perl has no getrusage for one child; ru_maxrss is the fifth long.
sub reap {
    my ($flags) = @_;
    my ($status, $usage) = (pack('l', 0), "\0" x 144);
    my $pid = syscall(61, -1, $status, $flags, $usage);
    return ($pid, unpack('l', $status), (unpack 'q18', $usage)[4]);
}

sub cpu { my (undef, undef, $user, $system) = times; return $user + $system }

print "ready\n";
while (my $line = <STDIN>) {
    chomp $line;
    my @words = split /\t/, $line, -1;
    my ($begun, $cpu) = (time, cpu());
    my $pid = fork // die "fork: $!";
    if ($pid == 0) {
        POSIX::close(3);
        open my $three, '<', $password or POSIX::_exit(126);
        POSIX::dup2(fileno $three, 3) if fileno $three != 3;
        open STDIN, '<', '/dev/null';
        open STDOUT, '>', $output;
        open STDERR, '>', "$output.err";
        exec { $words[0] } @words or POSIX::_exit(127);
    }
    my ($ended, $status, $peak) = (0);
    ($ended, $status, $peak) = reap(0) until $ended == $pid;
    my $wall = time - $begun;
    # OpenSSH's masters remove their sockets at a SIGTERM.
    kill 'TERM', -1;
    my $left;
    for (1 .. 100) {
        do { ($left) = reap(POSIX::WNOHANG) } while $left > 0;
        last if $left == -1;
        sleep 0.02;
    }
    kill 'KILL', -1 if $left != -1;
    do { ($left) = reap(0) } while $left > 0;
    printf "%d %d %d %d\n", $wall * 1e6, (cpu() - $cpu) * 1e3, $peak, $status >> 8;
}
