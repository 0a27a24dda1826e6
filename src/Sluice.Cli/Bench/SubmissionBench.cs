using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Sluice.Jobs;

namespace Sluice.Cli.Bench;

/// <summary>One JSONL upload to a running service, written while it is sent, and its way to the end.</summary>
internal sealed class SubmissionBench(HttpClient http, TimeProvider time)
{
    private static readonly TimeSpan s_look = TimeSpan.FromMilliseconds(50);

    public async Task<SubmissionRun> RunAsync(int lines, string mode, CancellationToken cancellationToken)
    {
        long start = time.GetTimestamp();
        string space = $"file-{Guid.NewGuid().ToString("N")[..8]}";
        using HttpRequestMessage request = new(HttpMethod.Post, $"/v1/submissions?model=stub&cache={mode}&namespace={space}&on_broken=keep") { Content = new Lines(lines, space) };
        using HttpResponseMessage answer = await http.SendAsync(request, cancellationToken);
        string body = await answer.Content.ReadAsStringAsync(cancellationToken);
        if (answer.StatusCode is not (HttpStatusCode.Accepted or HttpStatusCode.OK))
        {
            throw new CommandFailedException(ExitCode.Failed, $"POST /v1/submissions: {(int)answer.StatusCode} {body}");
        }
        double ingest = time.GetElapsedTime(start).TotalSeconds;
        SubmissionView submission = JsonSerializer.Deserialize(body, JobsJson.Default.SubmissionView)!;
        while (submission.FinishedAt is null)
        {
            await Task.Delay(s_look, time, cancellationToken);
            submission = (await http.GetFromJsonAsync($"/v1/submissions/{submission.Id}", JobsJson.Default.SubmissionView, cancellationToken))!;
        }
        double seconds = time.GetElapsedTime(start).TotalSeconds;
        return new SubmissionRun(
            lines, submission.Counts.Succeeded, Math.Round(ingest, 3), Math.Round(lines / ingest), Math.Round(seconds, 3), Math.Round(lines / seconds),
            Math.Round((submission.FinishedAt.Value - submission.CreatedAt).TotalSeconds, 3), PeakMb());
    }

    private static double? PeakMb()
    {
        const string status = "/proc/self/status";
        string? line = File.Exists(status) ? File.ReadLines(status).FirstOrDefault(text => text.StartsWith("VmHWM:", StringComparison.Ordinal)) : null;
        return line is null ? null : Math.Round(double.Parse(line["VmHWM:".Length..].Replace("kB", "", StringComparison.Ordinal), CultureInfo.InvariantCulture) * 1024 / 1e6, 1); // the kernel's kB are KiB
    }

    /// <summary>Lines made as they are sent.</summary>
    private sealed class Lines : HttpContent
    {
        private readonly int _count;
        private readonly string _space;

        public Lines(int count, string space)
        {
            (_count, _space) = (count, space);
            Headers.ContentType = new MediaTypeHeaderValue("application/jsonl");
        }

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            StringBuilder text = new(1 << 16);
            for (int i = 1; i <= _count; i++)
            {
                text.Append(CultureInfo.InvariantCulture, $"{{\"custom_id\":\"line-{i}\",\"prompt\":\"Item {i} of {_space}: what is it?\"}}\n");
                if (text.Length >= 1 << 15 || i == _count)
                {
                    await stream.WriteAsync(Encoding.UTF8.GetBytes(text.ToString()));
                    text.Clear();
                }
            }
        }

        protected override bool TryComputeLength(out long length)
        {
            length = -1;
            return false;
        }
    }
}
