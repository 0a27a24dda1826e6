using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Sluice.Jobs;

namespace Sluice.Cli.Jobs;

/// <summary>
/// Calls the service. What it refuses is a <see cref="CommandFailedException"/> with its own words: wrong usage where the request or the key is at fault,
/// unreachable where the service does not answer or is unavailable, else failed.
/// </summary>
internal sealed class ServiceClient(Terminal terminal, Uri url, string? key) : IDisposable
{
    // a newer service may send members that this client does not know
    private static readonly JobsJson _tolerant = new(new JsonSerializerOptions(JobsJson.Default.Options) { UnmappedMemberHandling = JsonUnmappedMemberHandling.Skip });

    private readonly HttpClient _http = new(terminal.Network()) { BaseAddress = url, Timeout = TimeSpan.FromSeconds(100) };

    // for bodies of any length
    private readonly Lazy<HttpClient> _patient = new(() => new HttpClient(terminal.Network()) { BaseAddress = url, Timeout = Timeout.InfiniteTimeSpan });

    public Terminal Terminal => terminal;

    public static JobView ReadJob(ServiceAnswer answer) => Read(answer, _tolerant.JobView);

    public static SubmissionView ReadSubmission(ServiceAnswer answer) => Read(answer, _tolerant.SubmissionView);

    public static JobPage ReadPage(ServiceAnswer answer) => Read(answer, _tolerant.JobPage);

    public Task<ServiceAnswer> GetAsync(string path, CancellationToken cancellationToken) => SendAsync(new HttpRequestMessage(HttpMethod.Get, path), cancellationToken);

    public Task<ServiceAnswer> PostAsync(string path, CancellationToken cancellationToken) => SendAsync(new HttpRequestMessage(HttpMethod.Post, path), cancellationToken);

    /// <summary>Sends a JSON body as it is.</summary>
    public Task<ServiceAnswer> PostAsync(string path, string json, CancellationToken cancellationToken) =>
        SendAsync(new HttpRequestMessage(HttpMethod.Post, path) { Content = new StringContent(json, Encoding.UTF8, "application/json") }, cancellationToken);

    public Task<ServiceAnswer> DeleteAsync(string path, CancellationToken cancellationToken) => SendAsync(new HttpRequestMessage(HttpMethod.Delete, path), cancellationToken);

    /// <summary>Submits; <paramref name="wait"/> asks the service to hold the answer until the job has ended, so many seconds at most.</summary>
    public Task<ServiceAnswer> SubmitAsync(JobRequest job, string? idempotencyKey, int? wait, CancellationToken cancellationToken)
    {
        HttpRequestMessage request = new(HttpMethod.Post, "v1/jobs") { Content = new StringContent(JsonSerializer.Serialize(job, JobsJson.Default.JobRequest), Encoding.UTF8, "application/json") };
        if (idempotencyKey is not null && !request.Headers.TryAddWithoutValidation("Idempotency-Key", idempotencyKey))
            throw CommandFailedException.Usage($"--idempotency-key: '{idempotencyKey}' cannot be sent in a header.");
        if (wait is { } seconds) request.Headers.Add("Prefer", $"wait={seconds}");
        return SendAsync(request, cancellationToken);
    }

    /// <summary>Sends a body however long it takes.</summary>
    public Task<ServiceAnswer> UploadAsync(string path, HttpContent content, string? idempotencyKey, CancellationToken cancellationToken)
    {
        HttpRequestMessage request = new(HttpMethod.Post, path) { Content = content };
        if (idempotencyKey is not null && !request.Headers.TryAddWithoutValidation("Idempotency-Key", idempotencyKey))
            throw CommandFailedException.Usage($"--idempotency-key: '{idempotencyKey}' cannot be sent in a header.");
        return SendAsync(request, cancellationToken, _patient.Value);
    }

    /// <summary>Writes the answer's body to a file, however long it takes; a file that is there is replaced when all of it has come.</summary>
    public async Task DownloadAsync(string path, string file, CancellationToken cancellationToken)
    {
        string part = file + ".part";
        using HttpRequestMessage request = new(HttpMethod.Get, path);
        if (key is not null) request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        try
        {
            using HttpResponseMessage response = await _patient.Value.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            if (!response.IsSuccessStatusCode)
                throw new CommandFailedException(CodeOf(response.StatusCode), ServiceProblem.Explain((int)response.StatusCode, await response.Content.ReadAsStringAsync(cancellationToken)));
            await using (FileStream stream = new(part, FileMode.Create))
            {
                await response.Content.CopyToAsync(stream, cancellationToken);
            }
            File.Move(part, file, overwrite: true);
        }
        catch (HttpRequestException error)
        {
            throw new CommandFailedException(ExitCode.Unreachable, $"{url} broke off: {error.Message}", error);
        }
    }

    public void Dispose()
    {
        _http.Dispose();
        if (_patient.IsValueCreated) _patient.Value.Dispose();
    }

    private async Task<ServiceAnswer> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken, HttpClient? patient = null)
    {
        using (request)
        {
            try
            {
                if (key is not null) request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
                using HttpResponseMessage response = await (patient ?? _http).SendAsync(request, cancellationToken);
                string body = await response.Content.ReadAsStringAsync(cancellationToken);
                return response.IsSuccessStatusCode
                    ? new ServiceAnswer(body.Trim(), response.Headers.RetryAfter?.Delta)
                    : throw new CommandFailedException(CodeOf(response.StatusCode), ServiceProblem.Explain((int)response.StatusCode, body));
            }
            catch (HttpRequestException error)
            {
                throw new CommandFailedException(ExitCode.Unreachable, $"no answer from {url}: {error.Message}", error);
            }
            catch (OperationCanceledException error) when (!cancellationToken.IsCancellationRequested)
            {
                throw new CommandFailedException(ExitCode.Unreachable, $"no answer from {url} within {_http.Timeout.TotalSeconds:0} s.", error);
            }
            catch (FormatException error)
            {
                throw CommandFailedException.Usage($"--key: cannot be sent in a header: {error.Message}");
            }
        }
    }

    private static int CodeOf(HttpStatusCode status) => status switch
    {
        HttpStatusCode.BadRequest or HttpStatusCode.RequestEntityTooLarge or HttpStatusCode.UnsupportedMediaType or HttpStatusCode.UnprocessableEntity => ExitCode.WrongUsage,
        HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden => ExitCode.WrongUsage,
        HttpStatusCode.BadGateway or HttpStatusCode.ServiceUnavailable or HttpStatusCode.GatewayTimeout => ExitCode.Unreachable,
        _ => ExitCode.Failed,
    };

    /// <summary>The answer's body; failed where it is none of the kind.</summary>
    public static T Read<T>(ServiceAnswer answer, JsonTypeInfo<T> type)
    {
        try
        {
            return JsonSerializer.Deserialize(answer.Body, type) ?? throw new JsonException("null");
        }
        catch (JsonException error)
        {
            throw new CommandFailedException(ExitCode.Failed, $"the service answers what this program cannot read: {error.Message}", error);
        }
    }
}

/// <summary>What the service said.</summary>
/// <param name="Body">JSON, as sent.</param>
/// <param name="RetryAfter">When to ask again, where it says so.</param>
internal sealed record ServiceAnswer(string Body, TimeSpan? RetryAfter);
