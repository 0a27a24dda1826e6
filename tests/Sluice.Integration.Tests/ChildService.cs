using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Sluice.Store;

namespace Sluice.Integration.Tests;

/// <summary><c>sluice serve</c> with some of its roles, a stub engine or a model, as a process of its own, so that it can be killed.</summary>
internal sealed class ChildService : IAsyncDisposable
{
    private readonly Process _process;

    /// <param name="settings">Given by <c>--set</c>.</param>
    /// <param name="roles">Separated by commas.</param>
    /// <param name="model">A folder; null for the stub engine.</param>
    /// <param name="crashAt">Where it ends itself as by kill -9, <see cref="Crash"/>; null for nowhere.</param>
    public ChildService(IReadOnlyDictionary<string, string?> settings, string roles = "worker", string? model = null, string? crashAt = null)
    {
        ProcessStartInfo start = new("dotnet") { RedirectStandardError = true, RedirectStandardOutput = true };
        foreach (string argument in (string[])["exec", Path.Combine(AppContext.BaseDirectory, "sluice.dll"), "serve", "--roles", roles, "--urls", "http://127.0.0.1:0", .. model is null ? (string[])["--engine", "stub"] : ["--model", model]])
        {
            start.ArgumentList.Add(argument);
        }
        foreach ((string key, string? value) in settings)
        {
            start.ArgumentList.Add("--set");
            start.ArgumentList.Add($"{key}={value}");
        }
        if (crashAt is not null)
        {
            start.Environment[Crash.Variable] = crashAt;
        }
        _process = Process.Start(start)!;
        _process.OutputDataReceived += (_, line) => Lines.Enqueue(line.Data ?? "");
        _process.ErrorDataReceived += (_, line) => Lines.Enqueue(line.Data ?? "");
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    public ConcurrentQueue<string> Lines { get; } = new();

    public bool HasExited => _process.HasExited;

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
