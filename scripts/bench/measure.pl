# Runs commands side by side, ROUNDS times each, and prints one line for each run:
# the command's number, wall time in microseconds, peak memory in KiB, status.
# usage: perl measure.pl ROUNDS -- COMMAND... [-- COMMAND...]
use strict;
use warnings;
use POSIX ();
use Time::HiRes 'time';

my $rounds = shift @ARGV;
my @commands;
for my $word (@ARGV) {
    if ($word eq '--') { push @commands, []; next }
    push @{ $commands[-1] }, $word;
}
for (1 .. $rounds) {
    for my $number (0 .. $#commands) {
        my $begun = time;
        my $pid = fork // die "fork: $!";
        if ($pid == 0) {
            open STDOUT, '>', '/dev/null';
            open STDERR, '>', '/dev/null';
            exec { $commands[$number][0] } @{ $commands[$number] } or POSIX::_exit(127);
        }
        # wait4(2): perl has no getrusage for one child; ru_maxrss is the fifth long.
        my ($status, $usage) = (pack('l', 0), "\0" x 144);
        syscall(61, $pid, $status, 0, $usage);
        printf "%d %d %d %d\n", $number, (time - $begun) * 1e6,
            (unpack 'q18', $usage)[4], unpack('l', $status) >> 8;
    }
}
