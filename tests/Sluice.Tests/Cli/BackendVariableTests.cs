using System.Diagnostics;
using Xunit;

namespace Sluice.Tests.Cli;

/// <summary>A process whose environment names a backend that is none.</summary>
public sealed class BackendVariableTests : IDisposable
{
    private readonly TinyModel _model = new();

    public void Dispose() => _model.Dispose();

    [Theory]
    [InlineData("tune evaluate-demo --tickets 1")]
    [InlineData("bench engine --repeats 1")]
    [InlineData("bench speculation --pairs 1")]
    public async Task A_variable_that_names_no_backend_is_wrong_usage(string command)
    {
        ProcessStartInfo start = new("dotnet", ["exec", Path.Combine(AppContext.BaseDirectory, "sluice.dll"), .. command.Split(' '), "--model", _model.Folder])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["SLUICE_BACKEND"] = "gpu";
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        string error = await process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal((2, ""), (process.ExitCode, await output));
        Assert.StartsWith("sluice: SLUICE_BACKEND: ", error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", error, StringComparison.Ordinal);
    }
}
