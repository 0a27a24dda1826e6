using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
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
            (HttpStatusCode status, JobView? job) = await AskAsync(request, cancellationToken);
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
        (_, JobView? job) = await AskAsync(request, cancellationToken);
        if (job is not null)
        {
            Saw(job);
        }
    }

    private async Task<(HttpStatusCode Status, JobView? Job)> AskAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        try
        {
            using HttpResponseMessage answer = await _http.SendAsync(request, cancellationToken);
            return (answer.StatusCode, answer.IsSuccessStatusCode ? await JsonSerializer.DeserializeAsync(await answer.Content.ReadAsStreamAsync(cancellationToken), JobsJson.Default.JobView, cancellationToken) : null);
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
