# Runs the same command once for each line of standard input, and answers with its wall time in
# microseconds: so that another process can measure side by side with something of its own.
# usage: perl timer.pl COMMAND...
use strict;
use warnings;
use POSIX ();
use Time::HiRes 'time';

$| = 1;
while (<STDIN>) {
    my $begun = time;
    my $pid = fork // die "fork: $!";
    if ($pid == 0) {
        open STDOUT, '>', '/dev/null';
        exec { $ARGV[0] } @ARGV or POSIX::_exit(127);
    }
    waitpid $pid, 0;
    die "status $?" if $?;
    printf "%d\n", (time - $begun) * 1e6;
}
