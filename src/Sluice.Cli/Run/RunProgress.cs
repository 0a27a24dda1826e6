using System.Globalization;
using Spectre.Console;

namespace Sluice.Cli.Run;

/// <summary>How far a run is: a bar where a person watches, a line every ten seconds elsewhere.</summary>
internal sealed class RunProgress(RunTotals totals, long inputBytes, Terminal terminal)
{
    private static readonly TimeSpan _redraw = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan _line = TimeSpan.FromSeconds(10);
    private readonly long _start = terminal.Time.GetTimestamp();

    /// <summary>Shows until <paramref name="work"/> has ended; throws nothing of it.</summary>
    public async Task ShowAsync(Task work)
    {
        if (!terminal.Interactive)
        {
            while (!await EndsWithinAsync(work, _line)) await terminal.Error.WriteLineAsync(Text());
            return;
        }
        await terminal.Progress().Progress()
            .Columns(new ProgressBarColumn { Width = 12 }, new PercentageColumn(), new TaskDescriptionColumn { Alignment = Justify.Left })
            .StartAsync(async context =>
            {
                ProgressTask bar = context.AddTask(Text());
                while (true)
                {
                    bool over = await EndsWithinAsync(work, _redraw);
                    (bar.MaxValue, bar.Value, bar.Description) = (Math.Max(1, Expected()), totals.Done, Text());
                    if (over) return;
                }
            });
    }

    /// <summary>Fits a terminal of 80 columns beside the bar, but for the largest files.</summary>
    internal string Text()
    {
        double seconds = Math.Max(terminal.Time.GetElapsedTime(_start).TotalSeconds, 1e-3);
        long done = totals.Done, here = totals.Succeeded + totals.Failed;
        double expected = Expected();
        TimeSpan left = TimeSpan.FromSeconds(here > 0 ? Math.Min((expected - done) * seconds / here, 1e8) : 0);
        double tokens = (totals.ComputedTokens + totals.CompletionTokens) / seconds;
        string lines = string.Create(CultureInfo.InvariantCulture, $"{done:N0}/{expected:N0} lines, {here / seconds:N0}/s, {tokens:N0} tokens/s, {totals.Failed:N0} errors");
        return here > 0 ? string.Create(CultureInfo.InvariantCulture, $"{lines}, {(int)left.TotalHours}:{left:mm\\:ss} left") : lines;
    }

    /// <summary>Lines of the whole input, as long on the average as those that were read.</summary>
    private double Expected() => totals.Read == 0 ? 0 : Math.Max(totals.Read, Math.Round(totals.Read * (inputBytes / (double)totals.ReadBytes)));

    private async Task<bool> EndsWithinAsync(Task work, TimeSpan time)
    {
        await Task.WhenAny(work, Task.Delay(time, terminal.Time));
        return work.IsCompleted;
    }
}
