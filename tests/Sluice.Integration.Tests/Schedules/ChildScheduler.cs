using System.Collections.Concurrent;
using System.Diagnostics;

namespace Sluice.Integration.Tests.Schedules;

/// <summary><c>sluice serve --roles scheduler</c>, or other roles, as a process of its own, so that it can be killed.</summary>
internal sealed class ChildScheduler : IAsyncDisposable
{
    private readonly Process _process;

    public ChildScheduler(IReadOnlyDictionary<string, string?> settings, string roles = "scheduler")
    {
        ProcessStartInfo start = new("dotnet") { RedirectStandardError = true, RedirectStandardOutput = true };
        foreach (string argument in (string[])["exec", Path.Combine(AppContext.BaseDirectory, "sluice.dll"), "serve", "--roles", roles, "--engine", "stub", "--urls", "http://127.0.0.1:0"])
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

    public bool HasExited => _process.HasExited;

    /// <summary>kill -9.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
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
