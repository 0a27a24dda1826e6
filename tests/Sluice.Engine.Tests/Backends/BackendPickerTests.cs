using Sluice.Engine.Backends;
using Xunit;

namespace Sluice.Engine.Tests.Backends;

public sealed class BackendPickerTests(ITestOutputHelper output)
{
    /// <summary>Runs on other instruction sets set SLUICE_EXPECT_PATH; a run that silently took another path proves nothing about the one it was for.</summary>
    [Fact]
    public void The_path_taken_is_the_one_asked_for()
    {
        using IBackend backend = BackendPicker.Create(null, null, 1);
        output.WriteLine($"path: {backend.Name}");
        TestContext.Current.SendDiagnosticMessage("path: {0}", backend.Name);
        string? expected = Environment.GetEnvironmentVariable("SLUICE_EXPECT_PATH");
        string[] allowed = string.IsNullOrEmpty(expected) ? ["cpu/avx512", "cpu/avx2", "cpu/scalar"] : [expected];
        Assert.Contains(backend.Name, allowed);
    }

    [Theory]
    [InlineData(null, "reference", "reference")]
    [InlineData("", "reference", "reference")]
    [InlineData("reference", "cpu", "reference")]
    [InlineData("reference", null, "reference")]
    [InlineData("cpu", "reference", "cpu")]
    public void The_environment_wins_over_the_options(string? forced, string? asked, string expected)
    {
        using IBackend backend = BackendPicker.Create(forced, asked, 1);
        Assert.StartsWith(expected, backend.Name, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("gpu", null, "SLUICE_BACKEND")]
    [InlineData(null, "CPU", "Backend")]
    public void An_unknown_name_is_refused(string? forced, string? asked, string named)
    {
        ArgumentException error = Assert.Throws<ArgumentException>(() => BackendPicker.Create(forced, asked, 1));
        Assert.Contains(named, error.Message, StringComparison.Ordinal);
        Assert.Contains(forced ?? asked!, error.Message, StringComparison.Ordinal);
    }
}
