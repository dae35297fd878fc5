# Starts programs with attributes that only a hostile caller would choose, and reports how each ended.
# perl-base is all that every lab host has. Data come on standard input, one case a line: fields
# `key=hex`, separated by spaces. One line of JSON with hex strings is printed for each case.
#
#   run    a word of the command line (repeated)     argv0  the first word, where it is not `run`'s
#   env    NAME=value, raw (repeated)                none   argc is 0
#   cwd    a directory                               gone   the working directory is removed
#   umask  octal                                     name   what the parent process calls itself
#   close  descriptors, `0,2`                        open   how many descriptors from 3 on are open
#   block  signals by number                         ignore signals by number
#   signal `number@ms` after execve (repeated)       kill   seconds until SIGKILL
#   after  a path: `ms` count from when it exists
#   pty    on a terminal of its own                  type   what is typed there
use strict;
use warnings;
use Fcntl;
use POSIX ();

my $width = shift // 3;
my $machine = (POSIX::uname())[4];
my %number = $machine eq 'x86_64' ? (execve => 59, clock => 228) : (execve => 221, clock => 113);
$| = 1;
$SIG{PIPE} = 'IGNORE';

sub now {
  my $time = "\0" x 16;
  syscall $number{clock}, 1, $time;
  my ($seconds, $nanoseconds) = unpack 'qq', $time;
  return $seconds * 1000 + $nanoseconds / 1e6;
}

sub terminal {
  sysopen my $master, '/dev/ptmx', O_RDWR | O_NOCTTY or die "ptmx: $!";
  my ($unlocked, $of) = (pack('i', 0), pack('i', 0));
  ioctl $master, 0x40045431, $unlocked or die "TIOCSPTLCK: $!";
  ioctl $master, 0x80045430, $of or die "TIOCGPTN: $!";
  return $master, '/dev/pts/' . unpack 'i', $of;
}

# In the child, up to execve; returns only where that fails.
sub become {
  my ($case, $out, $err, $slave) = @_;
  if ($slave) {
    POSIX::setsid();
    sysopen my $tty, $slave, O_RDWR or die "slave: $!";
    POSIX::dup2(fileno $tty, $_) for 0, 1, 2;
  } else {
    open my $null, '<', '/dev/null' or die;
    POSIX::dup2(fileno $null, 0);
    POSIX::dup2(fileno $out, 1);
    POSIX::dup2(fileno $err, 2);
  }
  if ($case->{gone}) {
    my $dir = "/tmp/gone-$$";
    mkdir $dir or die "mkdir: $!";
    chdir $dir or die "chdir: $!";
    rmdir $dir or die "rmdir: $!";
  }
  chdir $case->{cwd}[0] or die "chdir: $!" if $case->{cwd};
  umask oct $case->{umask}[0] if $case->{umask};
  %ENV = map { split /=/, $_, 2 } @{ $case->{env} // [] };
  if ($case->{open}) {
    for my $fd (3 .. 2 + $case->{open}[0]) {
      open my $file, '<', '/etc/passwd' or die;
      POSIX::dup2(fileno $file, $fd);
      open my $same, '<&=', $fd or next;
      fcntl $same, F_SETFD, 0;
      push @{ $case->{kept} }, $same;
    }
  }
  $SIG{PIPE} = 'DEFAULT';
  $SIG{ (split / /, 'ZERO HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP TSTP TTIN TTOU URG XCPU XFSZ VTALRM PROF WINCH IO PWR SYS')[$_] } = 'IGNORE'
    for split /,/, $case->{ignore}[0] // '';
  my @blocked = split /,/, $case->{block}[0] // '';
  POSIX::sigprocmask(POSIX::SIG_BLOCK(), POSIX::SigSet->new(@blocked)) if @blocked;
  POSIX::close($_) for split /,/, $case->{close}[0] // '';
  my @run = @{ $case->{run} };
  my $program = $run[0];
  $run[0] = $case->{argv0}[0] if $case->{argv0};
  if ($case->{none}) {
    my @entries = map { "$_=$ENV{$_}\0" } sort keys %ENV;
    my $table = pack 'p' x @entries . 'x8', @entries;
    syscall $number{execve}, "$program\0", 0, $table;
  } else {
    no warnings 'exec';
    exec { $program } @run;
  }
}

my (@waiting, %running, @readers);
while (my $line = <STDIN>) {
  chomp $line;
  my %case = (index => scalar @waiting);
  for my $field (split / /, $line) {
    my ($key, $value) = split /=/, $field, 2;
    push @{ $case{$key} }, pack 'H*', $value;
  }
  push @waiting, \%case;
}
# Not a copy of ours for the children.
open STDIN, '<', '/dev/null' or die;

sub begin {
  my ($case) = @_;
  my ($master, $slave) = $case->{pty} ? terminal() : ();
  pipe my $out, my $out_end or die;
  pipe my $err, my $err_end or die;
  pipe my $started, my $failure or die;
  fcntl $failure, F_SETFD, FD_CLOEXEC;
  if ($case->{name}) {
    open my $comm, '>', "/proc/$$/comm" or die;
    syswrite $comm, $case->{name}[0];
  }
  my $pid = fork // die "fork: $!";
  if ($pid == 0) {
    eval { become($case, $out_end, $err_end, $slave) };
    syswrite $failure, $@ || "$!";
    POSIX::_exit(126);
  }
  close $_ for $out_end, $err_end, $failure;
  sysread $started, my $obstacle, 4096;
  my $zero = now();
  my $first = $case->{after} ? 1e12 : $zero;
  my @signals = map { my ($number, $ms) = split /\@/; { number => $number, at => $first + $ms } } @{ $case->{signal} // [] };
  my $end = $zero + 1000 * ($case->{kill}[0] // 40);
  if ($master && $case->{type}) { syswrite $master, $case->{type}[0] }
  $running{$pid} = {
    case => $case, zero => $zero, signals => \@signals, end => $end, obstacle => $obstacle // '',
    streams => [ { from => $master // $out, text => '', name => 'out' }, { from => $err, text => '', name => 'err' } ],
  };
}

sub finish {
  my ($pid) = @_;
  my $one = delete $running{$pid};
  my ($status, $signal) = ($one->{wait} >> 8, $one->{wait} & 127);
  my ($out, $err) = map { unpack 'H*', $_->{text} } @{ $one->{streams} };
  my $obstacle = unpack 'H*', $one->{obstacle};
  printf qq({"index":%d,"pid":%d,"status":%s,"signal":%d,"late":%s,"ms":%d,"out":"%s","err":"%s","obstacle":"%s"}\n),
    $one->{case}{index}, $pid, $signal ? 'null' : $status, $signal, $one->{late} ? 'true' : 'false',
    now() - $one->{zero}, $out, $err, $obstacle;
}

while (@waiting || %running) {
  begin(shift @waiting) while @waiting && keys %running < $width;
  my ($set, $pause) = ('', 20);
  for my $pid (keys %running) {
    my $one = $running{$pid};
    my $case = $one->{case};
    vec($set, fileno $_->{from}, 1) = 1 for grep { !$_->{ended} } @{ $one->{streams} };
    if ($case->{after} && !$one->{seen} && -e $case->{after}[0]) {
      $one->{seen} = 1;
      $_->{at} += now() - 1e12 for grep { $_->{at} >= 1e12 } @{ $one->{signals} };
    }
    while (@{ $one->{signals} } && $one->{signals}[0]{at} <= now()) {
      my $next = shift @{ $one->{signals} };
      kill $next->{number}, $pid unless defined $one->{wait};
    }
    if (!$one->{late} && $one->{end} <= now() && !defined $one->{wait}) {
      $one->{late} = 1;
      kill 9, $pid;
    }
    my $left = @{ $one->{signals} } ? $one->{signals}[0]{at} - now() : $pause;
    $pause = $left < 0 ? 0 : $left if $left < $pause;
  }
  select my $ready = $set, undef, undef, $pause / 1000;
  for my $pid (keys %running) {
    my $one = $running{$pid};
    for my $stream (grep { !$_->{ended} && vec $ready, fileno $_->{from}, 1 } @{ $one->{streams} }) {
      my $got = sysread $stream->{from}, my $chunk, 65536;
      if ($got) { $stream->{text} .= $chunk } else { $stream->{ended} = 1 }
    }
    if (!defined $one->{wait} && waitpid($pid, POSIX::WNOHANG()) == $pid) {
      $one->{wait} = $?;
      $one->{until} = now() + 1500;
    }
    finish($pid) if defined $one->{wait} && (now() > $one->{until} || !grep { !$_->{ended} } @{ $one->{streams} });
  }
}
