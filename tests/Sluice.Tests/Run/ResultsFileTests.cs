using System.Text;
using Sluice.Cli;
using Sluice.Cli.Run;
using Sluice.Service.Files;
using Xunit;

namespace Sluice.Tests.Run;

/// <summary>Kills at every step of writing: what a resume makes of what is left must hold every line exactly once.</summary>
public sealed class ResultsFileTests : IDisposable
{
    private const ulong Run = 0xABCDEF;
    private const int Lines = 40;
    private readonly string _folder = Directory.CreateTempSubdirectory("sluice-results-").FullName;

    private string Output => Path.Combine(_folder, "out.jsonl");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static bool Fails(long number) => number % 5 == 0;

    private static byte[] Line(long number, ulong run = Run) =>
        Encoding.UTF8.GetBytes($$"""{"id":"batch_req_{{Fingerprint.Text(run)}}_{{number}}","custom_id":"c{{number}}",{{(Fails(number) ? "\"response\":null,\"error\":{\"line\":1}" : "\"response\":{},\"error\":null")}}}""" + "\n");

    /// <summary>Answers what is not done, writing every 3 lines and with a checkpoint every 7; dies where the hook throws, as a killed process does.</summary>
    private async Task<bool> LivesAsync(Action<WriteStage>? after, bool resume = true)
    {
        using ResultsFile results = await ResultsOpener.OpenAsync(Output, Run, resume, after, Token);
        int made = 0;
        try
        {
            // not in the input's order, as lines end when they end
            foreach (long number in Enumerable.Range(0, Lines).Select(i => 1L + (i * 7 % Lines)).Where(n => !results.DoneBefore.Contains(n)))
            {
                results.Append(number, Line(number), Fails(number));
                made++;
                if (made % 3 == 0) results.Write();
                if (made % 7 == 0) results.Checkpoint();
            }
            results.Checkpoint();
            return true;
        }
        catch (KilledException)
        {
            return false;
        }
    }

    private async Task HoldsEveryLineOnceAsync()
    {
        long[] numbers = [.. File.ReadAllLines(Output).Select(line =>
        {
            Assert.True(OutputLines.TryRead(Encoding.UTF8.GetBytes(line), out _, out long number, out bool succeeded));
            Assert.Equal(!Fails(number), succeeded);
            return number;
        })];
        Assert.Equal(Enumerable.Range(1, Lines).Select(n => (long)n), numbers.Order());
        using ResultsFile again = await ResultsOpener.OpenAsync(Output, Run, resume: true, after: null, Token);
        Assert.Equal((Lines, Lines / 5), (again.DoneBefore.Count, again.FailedBefore));
    }

    [Fact]
    public async Task A_kill_after_any_step_loses_no_line_and_doubles_none()
    {
        HashSet<WriteStage> killedAfter = [];
        for (int steps = 1; ; steps++)
        {
            File.Delete(Output);
            File.Delete(Sidecar.PathOf(Output));
            int left = steps;
            bool lived = await LivesAsync(stage => Kill(stage, ref left));
            Assert.True(lived || !await KilledAgainAsync());
            await HoldsEveryLineOnceAsync();
            if (lived) break;
        }
        Assert.Equal(Enum.GetValues<WriteStage>(), killedAfter.Order());

        void Kill(WriteStage stage, ref int left)
        {
            if (--left > 0) return;
            killedAfter.Add(stage);
            throw new KilledException();
        }

        // and once more, early in the resume
        async Task<bool> KilledAgainAsync()
        {
            int left = 5;
            return !await LivesAsync(stage =>
            {
                if (--left == 0) throw new KilledException();
            }) && !await LivesAsync(null);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(60)]
    [InlineData(-1)]
    public async Task A_torn_last_line_is_cut_off_and_run_again(int kept)
    {
        await DieAfterAsync(WriteStage.Written, 4);
        byte[] torn = Line(39);
        await File.AppendAllBytesAsync(Output, torn.AsMemory(0, kept < 0 ? torn.Length + kept : kept), Token);
        Assert.True(await LivesAsync(null));
        await HoldsEveryLineOnceAsync();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_torn_tail_that_is_longer_than_all_that_is_left_to_write_leaves_nothing_behind(bool sidecar)
    {
        Assert.True(await LivesAsync(null));
        string[] lines = await File.ReadAllLinesAsync(Output, Token);
        await File.WriteAllTextAsync(Output, string.Concat(lines[..^1].Select(line => line + "\n")) + new string('x', 2000), Token);
        if (!sidecar) File.Delete(Sidecar.PathOf(Output));
        Assert.True(await LivesAsync(null));
        await HoldsEveryLineOnceAsync();
    }

    [Fact]
    public async Task Zeros_that_a_loss_of_power_left_behind_the_checkpoint_are_cut_off()
    {
        await DieAfterAsync(WriteStage.HeaderDurable, 2);
        await File.AppendAllBytesAsync(Output, [.. new byte[300], (byte)'\n', .. Line(39)], Token);
        Assert.True(await LivesAsync(null));
        await HoldsEveryLineOnceAsync();
    }

    [Theory]
    [InlineData("gone")]
    [InlineData("empty")]
    [InlineData("torn header")]
    [InlineData("old")]
    [InlineData("bits lost")]
    [InlineData("bits too many")]
    public async Task A_sidecar_that_is_behind_or_broken_costs_a_scan_and_no_line(string what)
    {
        string sidecar = Sidecar.PathOf(Output);
        await DieAfterAsync(WriteStage.HeaderDurable, 1);
        byte[] old = await File.ReadAllBytesAsync(sidecar, Token);
        await DieAfterAsync(WriteStage.HeaderDurable, 2);
        byte[] now = await File.ReadAllBytesAsync(sidecar, Token);
        switch (what)
        {
            case "gone": File.Delete(sidecar); break;
            case "empty": await File.WriteAllBytesAsync(sidecar, [], Token); break;
            case "torn header": await File.WriteAllBytesAsync(sidecar, [.. now[..20], .. new byte[10], .. now[30..]], Token); break;
            case "old": await File.WriteAllBytesAsync(sidecar, old, Token); break;
            case "bits lost": await File.WriteAllBytesAsync(sidecar, [.. now[..64], .. new byte[now.Length - 64]], Token); break;
            case "bits too many": await File.WriteAllBytesAsync(sidecar, [.. now[..64], .. Enumerable.Repeat((byte)255, now.Length - 64)], Token); break;
            default: throw new ArgumentOutOfRangeException(nameof(what));
        }
        Assert.True(await LivesAsync(null));
        await HoldsEveryLineOnceAsync();
    }

    [Fact]
    public async Task A_sidecar_that_is_ahead_of_the_output_is_not_believed()
    {
        await DieAfterAsync(WriteStage.HeaderDurable, 3);
        string[] lines = await File.ReadAllLinesAsync(Output, Token);
        await File.WriteAllTextAsync(Output, string.Concat(lines.Take(9).Select(line => line + "\n")), Token);
        Assert.True(await LivesAsync(null));
        await HoldsEveryLineOnceAsync();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Another_input_is_refused_with_and_without_the_sidecar(bool sidecar)
    {
        await DieAfterAsync(WriteStage.HeaderDurable, 2);
        if (!sidecar) File.Delete(Sidecar.PathOf(Output));
        byte[] before = await File.ReadAllBytesAsync(Output, Token);
        CommandFailedException refusal = await Assert.ThrowsAsync<CommandFailedException>(() => ResultsOpener.OpenAsync(Output, Run + 1, resume: true, null, Token));
        Assert.Equal(ExitCode.WrongUsage, refusal.ExitCode);
        Assert.Equal(before, await File.ReadAllBytesAsync(Output, Token));
    }

    [Fact]
    public async Task A_file_that_no_run_wrote_is_refused_and_left_as_it_is()
    {
        await File.WriteAllTextAsync(Output, "my notes\n", Token);
        CommandFailedException refusal = await Assert.ThrowsAsync<CommandFailedException>(() => ResultsOpener.OpenAsync(Output, Run, resume: true, null, Token));
        Assert.Contains("no run wrote", refusal.Message, StringComparison.Ordinal);
        Assert.Equal("my notes\n", await File.ReadAllTextAsync(Output, Token));
    }

    [Fact]
    public async Task Two_runs_do_not_write_one_output()
    {
        using ResultsFile first = await ResultsOpener.OpenAsync(Output, Run, resume: false, null, Token);
        CommandFailedException refusal = await Assert.ThrowsAsync<CommandFailedException>(() => ResultsOpener.OpenAsync(Output, Run, resume: true, null, Token));
        Assert.Contains("does another run write this output", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Lines_longer_than_the_buffer_keep_their_place()
    {
        byte[] start = Line(2)[..^2];
        byte[] large = [.. start, .. Encoding.UTF8.GetBytes(",\"x\":\"" + new string('y', 1 << 20) + "\"}\n")];
        using (ResultsFile results = await ResultsOpener.OpenAsync(Output, Run, resume: false, null, Token))
        {
            results.Append(1, Line(1), failed: false);
            results.Append(2, large, failed: true);
            results.Append(3, Line(3), failed: false);
            results.Checkpoint();
        }
        byte[] expected = [.. Line(1), .. large, .. Line(3)];
        Assert.Equal(expected, await File.ReadAllBytesAsync(Output, Token));
    }

    [Fact]
    public async Task The_sidecar_takes_a_quarter_of_a_byte_per_line_at_most()
    {
        using ResultsFile results = await ResultsOpener.OpenAsync(Output, Run, resume: false, null, Token);
        for (int number = 1; number <= 10_000; number++) results.Append(number, Line(number), Fails(number));
        results.Checkpoint();
        Assert.True(new FileInfo(Sidecar.PathOf(Output)).Length <= 64 + (10_000 / 4));
    }

    /// <summary>Begins anew, and dies after the n-th step of a kind.</summary>
    private async Task DieAfterAsync(WriteStage stage, int times) => Assert.False(await LivesAsync(
        at =>
        {
            if (at == stage && --times == 0) throw new KilledException();
        },
        resume: false));

    private sealed class KilledException : Exception;
}
