using System.Globalization;
using System.Text.Json;
using Xunit;

namespace Sluice.Integration.Tests.Run;

/// <summary><c>sluice run</c> as a process that is killed.</summary>
public sealed class KilledRunTests : IDisposable
{
    private const int Lines = 3000;
    private readonly string _folder = Directory.CreateTempSubdirectory("sluice-killed-run-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Two_kills_and_two_resumes_leave_every_line_exactly_once()
    {
        string input = Path.Combine(_folder, "in.jsonl"), output = Path.Combine(_folder, "out.jsonl");
        await File.WriteAllLinesAsync(input, Enumerable.Range(1, Lines).Select(Line), TestContext.Current.CancellationToken);
        string[] run = ["run", input, "-o", output, "--model", SluiceProcess.DemoModel, "--json"];
        long before = 0;
        foreach (int lines in (int[])[Lines / 4, Lines / 2])
        {
            await using SluiceProcess process = new([.. run, "--resume"]);
            while (Written(output) < lines)
            {
                Assert.False(process.HasExited, "it ended before it could be killed");
                await Task.Delay(20, TestContext.Current.CancellationToken);
            }
            await process.KillAsync();
            long after = Written(output);
            Assert.InRange(after, before + 1, Lines - 1);
            before = after;
        }

        (int code, string report, string error) = await SluiceProcess.RunAsync([.. run, "--resume"]);
        Assert.True(code == 0, error);
        JsonElement totals = SluiceProcess.Json(report);
        Assert.Equal((Lines, 0), (Number(totals, "lines"), Number(totals, "failed")));
        Assert.Equal(Lines, Number(totals, "skipped") + Number(totals, "succeeded"));
        Assert.InRange(Number(totals, "skipped"), before, Lines - 1);
        string[] ids = [.. File.ReadLines(output).Select(line => SluiceProcess.Json(line).GetProperty("custom_id").GetString()!)];
        Assert.Equal(Enumerable.Range(1, Lines).Select(Id), ids.Order(StringComparer.Ordinal));
    }

    private static string Line(int number) =>
        $$$"""{"custom_id":"{{{Id(number)}}}","method":"POST","url":"/v1/chat/completions","body":{"messages":[{"role":"user","content":"ticket {{{number}}}"}],"max_tokens":4}}""";

    private static string Id(int number) => string.Create(CultureInfo.InvariantCulture, $"line-{number:00000}");

    private static long Number(JsonElement totals, string name) => totals.GetProperty(name).GetInt64();

    /// <summary>Whole lines of a file that another process writes; 0 where there is none.</summary>
    private static long Written(string path)
    {
        if (!File.Exists(path)) return 0;
        using FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using MemoryStream bytes = new();
        stream.CopyTo(bytes);
        return bytes.ToArray().LongCount(one => one == (byte)'\n');
    }
}
