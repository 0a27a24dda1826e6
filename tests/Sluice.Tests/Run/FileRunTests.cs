using Sluice.Cli;
using Sluice.Cli.Run;
using Xunit;

namespace Sluice.Tests.Run;

/// <summary>Whole runs that break off: nothing hangs, what was finished is kept, and a resume ends them.</summary>
public sealed class FileRunTests : IDisposable
{
    private const int Lines = 300;
    private readonly ByteModel _model = new();
    private readonly RunBench _bench;

    public FileRunTests()
    {
        _bench = new RunBench(_model.Folder);
        _bench.Write([.. Enumerable.Range(1, Lines).Select(i => RunBench.Completion($"c{i}", $"line {i}"))]);
    }

    public void Dispose()
    {
        _bench.Dispose();
        _model.Dispose();
    }

    private async Task<RunReport> RunAsync(bool resume, Action<WriteStage>? after, CancellationToken cancellationToken)
    {
        using Terminal terminal = new() { In = TextReader.Null, Out = TextWriter.Null, Error = TextWriter.Null };
        RunOptions options = new()
        {
            Input = _bench.Input,
            Output = _bench.Output,
            Model = _model.Folder,
            Resume = resume,
            KvBytes = 4_000_000,
            Window = 8,
            Threads = 1,
            AfterWrite = after,
        };
        return await new FileRun(options, terminal).RunAsync(cancellationToken).WaitAsync(TimeSpan.FromMinutes(2), TestContext.Current.CancellationToken);
    }

    private async Task EndsWithAResumeAsync()
    {
        int kept = _bench.Answers().Count;
        RunReport report = await RunAsync(resume: true, after: null, TestContext.Current.CancellationToken);
        Assert.Equal((Lines, kept, Lines - kept), (report.Lines, report.Skipped, report.Succeeded));
        Assert.Equal(Enumerable.Range(1, Lines).Select(n => (long)n), _bench.Answers().Keys);
    }

    [Fact]
    public async Task A_disk_that_refuses_breaks_the_run_off()
    {
        int written = 0;
        IOException fault = await Assert.ThrowsAsync<IOException>(() => RunAsync(
            resume: false,
            stage =>
            {
                if (stage == WriteStage.Written && ++written == 3) throw new IOException("no space left");
            },
            TestContext.Current.CancellationToken));
        Assert.Equal("no space left", fault.Message);
        await EndsWithAResumeAsync();
    }

    [Fact]
    public async Task A_run_that_is_stopped_keeps_what_is_finished_and_says_how_to_go_on()
    {
        using CancellationTokenSource stop = new();
        int appended = 0;
        CommandFailedException stopped = await Assert.ThrowsAsync<CommandFailedException>(() => RunAsync(
            resume: false,
            stage =>
            {
                if (stage == WriteStage.Appended && ++appended == 50) stop.Cancel();
            },
            stop.Token));
        Assert.Contains("--resume", stopped.Message, StringComparison.Ordinal);
        Assert.InRange(_bench.Answers().Count, 50, 250);
        await EndsWithAResumeAsync();
    }

    [Fact]
    public async Task Two_kills_in_one_file_leave_every_line_once()
    {
        for (int kill = 0; kill < 2; kill++)
        {
            int steps = 60 + (kill * 37);
            await Assert.ThrowsAsync<KilledException>(() => RunAsync(
                resume: true,
                _ =>
                {
                    if (--steps == 0) throw new KilledException();
                },
                TestContext.Current.CancellationToken));
        }
        await EndsWithAResumeAsync();
    }

    private sealed class KilledException : Exception;
}
