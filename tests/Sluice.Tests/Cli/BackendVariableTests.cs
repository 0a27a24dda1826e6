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
    [InlineData("bench batching --live --load 1.0 --trace {trace}")]
    public async Task A_variable_that_names_no_backend_is_wrong_usage(string command)
    {
        string trace = Path.Combine(_model.Folder, "trace.jsonl");
        await File.WriteAllTextAsync(trace, """{"timestamp":0,"input_length":8,"output_length":2,"hash_ids":[1]}""", TestContext.Current.CancellationToken);
        ProcessStartInfo start = new("dotnet", ["exec", Path.Combine(AppContext.BaseDirectory, "sluice.dll"), .. command.Split(' ').Select(part => part == "{trace}" ? trace : part), "--model", _model.Folder])
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
