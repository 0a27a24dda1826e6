using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Sluice.Chaos.Children;
using Sluice.Jobs;

namespace Sluice.Chaos.Load;

/// <summary>Callers over HTTP: whoever gets no answer sends the same again with the same key, for as long as it takes.</summary>
internal sealed class Callers : IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(10);
    private readonly HttpClient _http;
    private readonly SeenLog _log;
    private readonly string? _webhook;
    private readonly int[] _ports;
    private readonly ConcurrentBag<double> _refusals = [];

    /// <param name="ports">Asked in turn; the last is asked for everything else.</param>
    /// <param name="log">Told what was seen.</param>
    /// <param name="webhook">Named by the jobs that want one.</param>
    public Callers(int[] ports, SeenLog log, string? webhook)
    {
        _ports = ports;
        _log = log;
        _webhook = webhook;
        _http = new HttpClient(new SocketsHttpHandler { MaxConnectionsPerServer = 64 }) { BaseAddress = new Uri($"http://127.0.0.1:{ports[^1]}"), Timeout = TimeSpan.FromSeconds(20) };
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Fleet.ApiKey);
    }

    /// <summary>Answers that said to come again later, or none at all.</summary>
    public int Again { get; private set; }

    /// <summary>Seconds until 503 was answered to who did not ask to wait, in order.</summary>
    public double[] Refusals() => [.. _refusals.Order()];

    /// <summary>False where nobody answered for <see cref="s_patience"/>, or the job was refused for good.</summary>
    public async Task<bool> SubmitAsync(JobSpec spec, CancellationToken cancellationToken)
    {
        _log.Submitted(spec);
        Random random = new(spec.Index);
        long start = TimeProvider.System.GetTimestamp();
        for (int attempt = 0; TimeProvider.System.GetElapsedTime(start) < s_patience; attempt++)
        {
            using HttpRequestMessage request = new(HttpMethod.Post, $"http://127.0.0.1:{_ports[attempt % _ports.Length]}/v1/jobs") { Content = new StringContent(spec.Body(_webhook), Encoding.UTF8, "application/json") };
            request.Headers.Add("Idempotency-Key", spec.Key);
            if (spec.Wait)
            {
                request.Headers.Add("Prefer", "wait=10");
            }
            (HttpStatusCode status, JobView? job) = await AskAsync(request, JobsJson.Default.JobView, cancellationToken);
            if (job is not null && status is HttpStatusCode.OK or HttpStatusCode.Accepted)
            {
                _log.Accept(spec, job!.Id.ToString());
                Saw(job);
                if (spec.Cancel)
                {
                    await CancelAsync(job.Id, cancellationToken);
                }
                return true;
            }
            if (status is HttpStatusCode.BadRequest or HttpStatusCode.UnprocessableEntity or HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden)
            {
                _log.Rejected(spec);
                return false;
            }
            _log.Ambiguous(spec);
            Again++;
            await Task.Delay(random.Next(100, 800), cancellationToken);
        }
        return false;
    }

    /// <summary>A file of so many jobs: its id once it was taken; null where nobody took it for <see cref="s_patience"/>, or its upload broke off.</summary>
    public async Task<string?> SubmitFileAsync(string key, int lines, CancellationToken cancellationToken)
    {
        string body = string.Join('\n', Enumerable.Range(0, lines).Select(line => $$"""{"custom_id":"{{key}}-{{line}}","prompt":"Line {{line}} of {{key}}","cache":{"mode":"off"} }"""));
        long start = TimeProvider.System.GetTimestamp();
        for (int attempt = 0; TimeProvider.System.GetElapsedTime(start) < s_patience; attempt++)
        {
            using HttpRequestMessage request = new(HttpMethod.Post, $"http://127.0.0.1:{_ports[attempt % _ports.Length]}/v1/submissions?model=stub") { Content = new StringContent(body, Encoding.UTF8, "application/jsonl") };
            request.Headers.Add("Idempotency-Key", key);
            (HttpStatusCode status, SubmissionView? taken) = await AskAsync(request, JobsJson.Default.SubmissionView, cancellationToken);
            if (taken is not null || status == HttpStatusCode.Conflict)
            {
                return taken?.Id;
            }
            Again++;
            await Task.Delay(200, cancellationToken);
        }
        return null;
    }

    /// <summary>Whether the file ends with success of so many jobs, within a minute.</summary>
    public async Task<bool> FileSucceedsAsync(string id, int lines, CancellationToken cancellationToken)
    {
        for (int attempt = 0; attempt < 300; attempt++, await Task.Delay(200, cancellationToken))
        {
            using HttpRequestMessage request = new(HttpMethod.Get, new Uri($"/v1/submissions/{id}", UriKind.Relative));
            (_, SubmissionView? view) = await AskAsync(request, JobsJson.Default.SubmissionView, cancellationToken);
            if (view?.State == SubmissionState.Finished)
            {
                return view.Counts.Succeeded == lines && view.Counts.Lines == lines;
            }
        }
        return false;
    }

    /// <summary>Everything that the tenant's callers can see, once all is over; true where all could be read.</summary>
    public async Task<bool> ReadAllAsync(CancellationToken cancellationToken)
    {
        string? after = null;
        for (int attempt = 0; attempt < 50; attempt++)
        {
            try
            {
                using HttpResponseMessage answer = await _http.GetAsync(new Uri($"/v1/jobs?limit=1000{(after is null ? "" : $"&after={after}")}", UriKind.Relative), cancellationToken);
                if (!answer.IsSuccessStatusCode)
                {
                    await Task.Delay(200, cancellationToken);
                    continue;
                }
                JobPage page = (await JsonSerializer.DeserializeAsync(await answer.Content.ReadAsStreamAsync(cancellationToken), JobsJson.Default.JobPage, cancellationToken))!;
                foreach (JobView job in page.Data)
                {
                    Saw(job);
                }
                if ((after = page.Next) is null)
                {
                    return true;
                }
                attempt = 0;
            }
            catch (Exception e) when (IsNoAnswer(e, cancellationToken))
            {
                await Task.Delay(200, cancellationToken);
            }
        }
        return false;
    }

    /// <summary>The secret under which the jobs' own webhooks are signed from now on.</summary>
    public async Task<string> SecretAsync(CancellationToken cancellationToken)
    {
        using HttpResponseMessage answer = await _http.PostAsync(new Uri("/v1/webhooks/jobs/rotate", UriKind.Relative), null, cancellationToken);
        using JsonDocument body = JsonDocument.Parse(await answer.Content.ReadAsStringAsync(cancellationToken));
        return body.RootElement.GetProperty("secret").GetString()!;
    }

    public void Dispose() => _http.Dispose();

    private async Task CancelAsync(JobId id, CancellationToken cancellationToken)
    {
        using HttpRequestMessage request = new(HttpMethod.Post, $"/v1/jobs/{id}/cancel");
        (_, JobView? job) = await AskAsync(request, JobsJson.Default.JobView, cancellationToken);
        if (job is not null)
        {
            Saw(job);
        }
    }

    private async Task<(HttpStatusCode Status, T? Answer)> AskAsync<T>(HttpRequestMessage request, JsonTypeInfo<T> type, CancellationToken cancellationToken)
        where T : class
    {
        try
        {
            long start = TimeProvider.System.GetTimestamp();
            using HttpResponseMessage answer = await _http.SendAsync(request, cancellationToken);
            if (answer.StatusCode == HttpStatusCode.ServiceUnavailable && !request.Headers.Contains("Prefer"))
            {
                _refusals.Add(TimeProvider.System.GetElapsedTime(start).TotalSeconds);
            }
            return (answer.StatusCode, answer.IsSuccessStatusCode ? await JsonSerializer.DeserializeAsync(await answer.Content.ReadAsStreamAsync(cancellationToken), type, cancellationToken) : null);
        }
        catch (Exception e) when (IsNoAnswer(e, cancellationToken))
        {
            return (0, null);
        }
    }

    /// <summary>Whatever the client throws for a connection that is reset at one moment or another.</summary>
    private static bool IsNoAnswer(Exception e, CancellationToken cancellationToken) =>
        !cancellationToken.IsCancellationRequested && e is HttpRequestException or IOException or TaskCanceledException or JsonException or SocketException or ObjectDisposedException;

    private void Saw(JobView job)
    {
        string state = job.State.ToString().ToLower(CultureInfo.InvariantCulture);
        _log.Result(job.Id.ToString(), state, job.State == JobState.Succeeded ? Answers.Hash(string.Join('\n', (job.Outputs ?? []).Select(output => output.Text))) : null);
    }
}
