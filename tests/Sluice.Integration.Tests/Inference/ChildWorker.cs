using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;

namespace Sluice.Integration.Tests.Inference;

/// <summary><c>sluice serve --roles worker --engine stub</c>, or with a model, as a process of its own, so that it can be killed.</summary>
internal sealed class ChildWorker : IAsyncDisposable
{
    private readonly Process _process;

    public ChildWorker(IReadOnlyDictionary<string, string?> settings, string? model = null)
    {
        ProcessStartInfo start = new("dotnet") { RedirectStandardError = true, RedirectStandardOutput = true };
        foreach (string argument in (string[])["exec", Path.Combine(AppContext.BaseDirectory, "sluice.dll"), "serve", "--roles", "worker", "--urls", "http://127.0.0.1:0", .. model is null ? (string[])["--engine", "stub"] : ["--model", model]])
        {
            start.ArgumentList.Add(argument);
        }
        foreach ((string key, string? value) in settings)
        {
            start.ArgumentList.Add("--set");
            start.ArgumentList.Add($"{key}={value}");
        }
        _process = Process.Start(start)!;
        _process.OutputDataReceived += (_, line) => Lines.Enqueue(line.Data ?? "");
        _process.ErrorDataReceived += (_, line) => Lines.Enqueue(line.Data ?? "");
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    public ConcurrentQueue<string> Lines { get; } = new();

    /// <summary>Completes when the process has ended, however it did.</summary>
    public Task EndAsync(CancellationToken cancellationToken) => _process.WaitForExitAsync(cancellationToken);

    /// <summary>kill -9.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    /// <summary>SIGTERM; the exit code and how long it took.</summary>
    public async Task<(int Code, TimeSpan Took)> TerminateAsync()
    {
        long start = Stopwatch.GetTimestamp();
        using Process kill = Process.Start("kill", ["-TERM", _process.Id.ToString(CultureInfo.InvariantCulture)]);
        await _process.WaitForExitAsync();
        return (_process.ExitCode, Stopwatch.GetElapsedTime(start));
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            await KillAsync();
        }
        _process.Dispose();
    }
}
