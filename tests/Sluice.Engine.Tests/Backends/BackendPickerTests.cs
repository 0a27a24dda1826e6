using Sluice.Engine.Backends;
using Xunit;

namespace Sluice.Engine.Tests.Backends;

public sealed class BackendPickerTests(ITestOutputHelper output)
{
    /// <summary>
    /// Runs of <c>ops/test.sh</c> set SLUICE_EXPECT_PATH to the path with all assembled kernels, <c>cpu/avx512+assembled-bf16-int8</c>: a run that silently
    /// took another path proves nothing about the one it was for.
    /// </summary>
    [Fact]
    public void The_path_taken_is_the_one_asked_for()
    {
        using IBackend backend = BackendPicker.Create(null, null, 1);
        using IBackend assembled = BackendPicker.Create(null, null, 1, assembled: true, evenSlow: true);
        output.WriteLine($"path: {backend.Name}, with assembled kernels {assembled.Name}");
        TestContext.Current.SendDiagnosticMessage("path: {0}, with assembled kernels {1}", backend.Name, assembled.Name);
        string? expected = Environment.GetEnvironmentVariable("SLUICE_EXPECT_PATH");
        if (string.IsNullOrEmpty(expected))
        {
            Assert.Contains(backend.Name, (string[])["cpu/avx512", "cpu/avx2", "cpu/scalar"]);
            return;
        }

        string plain = expected.Split('+')[0];
        Assert.Equal(plain, backend.Name);
        Assert.Equal(AssembledHost.ForbidsExecutable ? plain : expected, assembled.Name);
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
