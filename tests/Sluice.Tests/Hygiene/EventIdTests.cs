using System.Globalization;
using System.Text.RegularExpressions;
using Xunit;

namespace Sluice.Tests.Hygiene;

/// <summary>The numbers that operators search logs by.</summary>
public sealed partial class EventIdTests
{
    [Fact]
    public void Every_line_of_the_log_has_a_number_of_its_own()
    {
        (int Id, string Path)[] all = [.. SourceTree.Files(".cs").Where(file => file.Path.StartsWith("src/", StringComparison.Ordinal))
            .SelectMany(file => Numbers().Matches(file.Text).Select(match => (int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture), file.Path)))];
        Assert.InRange(all.Length, 60, 1_000);
        Assert.Empty(all.GroupBy(one => one.Id).Where(group => group.Count() > 1).Select(group => $"{group.Key}: {string.Join(", ", group.Select(one => one.Path))}"));
    }

    [GeneratedRegex(@"\[LoggerMessage\((\d+),")]
    private static partial Regex Numbers();
}
