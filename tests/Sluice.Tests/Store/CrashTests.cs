using System.Text.RegularExpressions;
using Sluice.Store;
using Xunit;

namespace Sluice.Tests.Store;

public sealed partial class CrashTests
{
    [Fact]
    public void Every_named_point_stands_exactly_once_in_the_source_and_nothing_else_does()
    {
        string[] used = [.. SourceTree.Files(".cs").Where(file => file.Path.StartsWith("src/", StringComparison.Ordinal))
            .SelectMany(file => Use().Matches(file.Text)).Select(match => match.Groups[1].Value)];
        Assert.Equal(Crash.Points.Order(), used.Order());
        Assert.True(Crash.Points.Count >= 15, $"Only {Crash.Points.Count} points.");
    }

    [Fact]
    public void Unset_it_is_inert()
    {
        Assert.False(Crash.IsArmed);
        Assert.Null(Crash.Fault);
        foreach (string point in Crash.Points)
        {
            Crash.At(point);
        }
        Assert.Null(Crash.Read("", out string? fault));
        Assert.Null(fault);
    }

    [Fact]
    public void It_is_set_by_name_and_number()
    {
        Assert.Equal(("claim_after_commit", 12), Crash.Read("claim_after_commit:12", out string? fault));
        Assert.Null(fault);
    }

    [Theory]
    [InlineData("claim_after_commit")]
    [InlineData("claim_after_commit:0")]
    [InlineData("claim_after_commit:-1")]
    [InlineData("claim_after_commit:x")]
    [InlineData("claim_after_commit:1:2")]
    [InlineData("nowhere:1")]
    public void What_cannot_be_read_is_said_and_sets_nothing(string value)
    {
        Assert.Null(Crash.Read(value, out string? fault));
        Assert.Contains($"it is '{value}'", fault, StringComparison.Ordinal);
    }

    [GeneratedRegex("""Crash\.At\("([a-z_]+)"\)""")]
    private static partial Regex Use();
}
