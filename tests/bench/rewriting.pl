#!/usr/bin/perl
# What rewriting is measured with: makes a page and a script, and does to them
# in Perl what the default rules do.
#
#   rewriting.pl page BYTES > FILE
#   rewriting.pl script BYTES > FILE
#   rewriting.pl time FILE      seconds (median), places
#
# Perl is spared what hides an address (character references, escapes, percent
# encoding): its expressions know the plain forms alone.
use strict;
use warnings;
use Time::HiRes 'clock_gettime', 'CLOCK_MONOTONIC';

use constant TIMES => 51;

my @words = qw(weather weekend sunny spells later showers from the west and
	light wind in the north with a chance of thunder on Sunday afternoon);

sub words {
	my ($count) = @_;
	return join ' ', map { $words[int rand @words] } 1 .. $count;
}

sub block {
	my ($n) = @_;
	my $host = $n % 8 ? 'www.weather.example' : '192.0.2.' . $n % 250;
	return "<div class=\"item\" id=\"i$n\"><h2>" . words(4) . "</h2>\n"
		. "<p style=\"margin:1.2em\">" . words(25) . " &amp; "
		. words(25) . "</p>\n<a href=\"http://$host/item/$n?v=1.2.3&amp;"
		. "x=$n\"><img src=\"/i/$n.png\" alt=\"\" width=\"320\"></a>\n"
		. "<script>track(\"/hit/$n\", {t: $n.5, u: '\\/a\\/$n'}); "
		. "// counted</script></div>\n";
}

sub page {
	my ($len) = @_;
	my $page = "<!DOCTYPE html>\n<html><head><title>Weather</title>\n"
		. "<meta charset=\"utf-8\">\n"
		. "<meta name=\"viewport\" content=\"width=device-width\">\n"
		. "</head><body>\n";
	my $n = 0;
	$page .= block(++$n) while length $page < $len;
	return substr $page, 0, $len;
}

sub statement {
	my ($n) = @_;
	my $host = $n % 400 ? 'cdn.weather.example' : '192.0.2.' . $n % 250;
	return "function f$n(a,b){var c=a.d[\"k$n\"]||0x1f,e=c/2.5+b*$n;"
		. "if(e>1e3&&!b.g){return h(\"//$host/s/$n.js\",'\\x41$n')}"
		. "for(var i=0;i<c.length;i++)e+=c[i]%7;return{a:e,b:/x\\/y/}}";
}

# Minified: one line.
sub script {
	my ($len) = @_;
	my ($script, $n) = ('', 0);
	$script .= statement(++$n) while length $script < $len;
	return substr $script, 0, $len;
}

my $part = qr/(?:0x[0-9a-f]*|[0-9]+)/i;
my $ip = qr/(?:$part(?:\.$part){0,3}|\[[0-9a-f:.]+\])(?![\w.\-%@])/i;
my $link = qr{(?:\b[a-z][a-z0-9+.-]*:|(?<=["'(=<>,;\s]))//(?:[^\s"'<>/?#@]*@)?}i;

sub number {
	my ($text) = @_;
	return $text =~ /^0/ ? oct $text : $text;
}

sub steer {
	my ($host) = @_;
	return $host if $host =~ /^\[/;
	my @parts = map { number($_) } split /\./, $host;
	my $last = pop @parts;
	push @parts, ($last >> 8 * (3 - @parts)) & 255 while @parts < 4;
	return join('-', @parts) . '.ip.test';
}

sub rewrite {
	my ($body) = @_;
	my $count = 0;
	$count += $body =~ s{($link)($ip)}{$1 . steer($2)}gie;
	$count += $body =~ s{(<meta\s[^>]*?)(?:upgrade-insecure-requests|block-all-mixed-content)\b\s*;?}{$1}gi
		if $body =~ /^</;
	return $count;
}

sub measure {
	my ($file) = @_;
	open my $in, '<:raw', $file or die "$file: $!\n";
	my $body = do { local $/; <$in> };
	my ($count, @seconds);
	for (1 .. TIMES) {
		my $from = clock_gettime(CLOCK_MONOTONIC);
		$count = rewrite($body);
		push @seconds, clock_gettime(CLOCK_MONOTONIC) - $from;
	}
	@seconds = sort { $a <=> $b } @seconds;
	printf "%.7f %d\n", $seconds[TIMES / 2], $count;
}

srand 1;
my ($what, $argument) = @ARGV;
die "usage: rewriting.pl page|script BYTES, time FILE\n" unless @ARGV == 2;
if ($what eq 'time') {
	measure($argument);
} else {
	print $what eq 'page' ? page($argument) : script($argument);
}
