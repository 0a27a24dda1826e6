using System.Diagnostics;
using System.Globalization;

namespace Sluice.Chaos.Children;

/// <summary>A process in a session of its own, so that a signal meets all of it; its output goes to a file.</summary>
internal sealed class Child : IDisposable
{
    private readonly Process _process;

    private Child(Process process) => _process = process;

    public int Pid => _process.Id;
    public bool HasExited => _process.HasExited;
    public int ExitCode => _process.ExitCode;

    public static Child Start(string log, string pids, IReadOnlyDictionary<string, string>? environment, params string[] command)
    {
        ProcessStartInfo start = new("bash") { RedirectStandardInput = true };
        foreach (string argument in (string[])["-c", "exec setsid \"$@\" >>\"$0\" 2>&1", log, .. command])
        {
            start.ArgumentList.Add(argument);
        }
        foreach ((string name, string value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[name] = value;
        }
        Process process = Process.Start(start)!;
        File.AppendAllText(pids, $"{process.Id}{Environment.NewLine}");
        return new Child(process);
    }

    public Task ExitAsync(CancellationToken cancellationToken) => _process.WaitForExitAsync(cancellationToken);

    /// <summary>KILL, STOP, CONT or TERM, to all of its session.</summary>
    public Task SignalAsync(string signal) => HasExited ? Task.CompletedTask : Shell.RunAsync("kill", [$"-{signal}", "--", $"-{Pid.ToString(CultureInfo.InvariantCulture)}"]);

    public async Task KillAsync()
    {
        await SignalAsync("KILL");
        await _process.WaitForExitAsync();
    }

    public void Dispose() => _process.Dispose();
}

/// <summary>Commands that end by themselves.</summary>
internal static class Shell
{
    /// <summary>Exit code and what was printed.</summary>
    public static async Task<(int Code, string Output)> RunAsync(string file, string[] arguments, IReadOnlyDictionary<string, string>? environment = null)
    {
        ProcessStartInfo start = new(file, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        foreach ((string name, string value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[name] = value;
        }
        using Process process = Process.Start(start)!;
        process.StandardInput.Close();
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, output + await error);
    }
}
