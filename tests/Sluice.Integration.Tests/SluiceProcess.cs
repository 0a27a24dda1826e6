using System.Diagnostics;
using System.Text.Json;

namespace Sluice.Integration.Tests;

/// <summary>The built program as a process, with no settings but those given.</summary>
internal sealed class SluiceProcess : IAsyncDisposable
{
    private readonly Process _process;
    private readonly Task<string> _out, _error;

    public SluiceProcess(IEnumerable<string> arguments, params (string Name, string Value)[] environment)
    {
        ProcessStartInfo start = new("dotnet") { RedirectStandardError = true, RedirectStandardOutput = true };
        foreach (string argument in (string[])["exec", Path.Combine(AppContext.BaseDirectory, "sluice.dll"), .. arguments]) start.ArgumentList.Add(argument);
        foreach (string name in start.Environment.Keys.Where(name => name.StartsWith("SLUICE__", StringComparison.Ordinal)).ToArray()) start.Environment.Remove(name);
        foreach ((string name, string value) in environment) start.Environment[name] = value;
        _process = Process.Start(start)!;
        _out = _process.StandardOutput.ReadToEndAsync();
        _error = _process.StandardError.ReadToEndAsync();
    }

    public static string DemoModel { get; } = Path.Combine(AppContext.BaseDirectory, "Demo", "model");

    public bool HasExited => _process.HasExited;

    public static async Task<(int Code, string Out, string Error)> RunAsync(IEnumerable<string> arguments, params (string Name, string Value)[] environment)
    {
        await using SluiceProcess process = new(arguments, environment);
        return await process.EndAsync();
    }

    public async Task<(int Code, string Out, string Error)> EndAsync()
    {
        await _process.WaitForExitAsync();
        return (_process.ExitCode, await _out, await _error);
    }

    /// <summary>kill -9.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    public static JsonElement Json(string text)
    {
        using JsonDocument document = JsonDocument.Parse(text);
        return document.RootElement.Clone();
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited) await KillAsync();
        _process.Dispose();
    }
}
