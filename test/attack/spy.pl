#!/usr/bin/perl
# Stands where systemctl was, in a mount namespace of one test, and says in what state root's child runs.
use strict;
use warnings;
use Fcntl;
use POSIX ();

my %unit = (Id => 'nginx.service', LoadState => 'loaded', ActiveState => 'active', SubState => 'running',
  UnitFileState => 'enabled', MainPID => 1);
print "$_=$unit{$_}\n" for sort keys %unit;

sub told { print "spy $_[0] ", unpack('H*', $_[1]), "\n" }
sub slurp { local $/; open my $file, '<', $_[0] or return ''; return <$file> }

told argv => join "\0", $0, @ARGV;
told env => slurp('/proc/self/environ');
told cwd => readlink '/proc/self/cwd';
told umask => sprintf '%03o', umask;
told nice => POSIX::nice(0);
my $status = slurp('/proc/self/status');
told $1 => $2 while $status =~ /^(Sig(?:Blk|Ign)|Uid|Gid|Groups|NoNewPrivs):\s*(.*?)\s*$/mg;
# The name may hold anything; fields count from the last parenthesis.
my ($state, $parent, $group, $session, $terminal) = split / /, slurp('/proc/self/stat') =~ s/.*\) //sr;
told session => $session == $$ ? 'own' : "of $session";
told terminal => $terminal;
for my $fd (sort { $a <=> $b } map { m|/(\d+)$| } glob '/proc/self/fd/*') {
  my $to = readlink "/proc/self/fd/$fd" // next;
  told fd => "$fd " . $to =~ s/\[\d+\]//r unless $to eq $0 || $to =~ m|/proc/|;
}
told tty => sysopen(my $tty, '/dev/tty', O_RDWR) ? 'opened' : "$!";
# CVE-2005-4890, CVE-2023-28339: a command typed into the caller's shell.
for my $fd (0 .. 9) {
  open my $same, '+<&=', $fd or next;
  for my $byte (split //, "touch /tmp/typed\n") { told typed => $fd if ioctl $same, 0x5412, $byte }
}
