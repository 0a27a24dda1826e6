using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Sluice.Jobs;
using Sluice.Service.Submissions;
using Sluice.Store;
using Sluice.Tests.Api;
using Xunit;

namespace Sluice.Tests.Submissions;

/// <summary>An embedded service and short ways to send it files.</summary>
internal sealed class FileHost(ApiHost host) : IAsyncDisposable
{
    public ApiHost Api => host;

    public ISubmissionStore Store => (ISubmissionStore)host.Parts.GetService(typeof(ISubmissionStore))!;

    public static async Task<FileHost> StartAsync(bool worker = true, params (string Key, string? Value)[] settings)
    {
        Dictionary<string, string?> all = settings.ToDictionary(s => s.Key, s => s.Value);
        all.TryAdd("Submissions:TendEvery", "00:00:00.02");
        all.TryAdd("Submissions:LookEvery", "00:00:00.02");
        return new FileHost(await ApiHost.StartAsync(all, worker: worker));
    }

    public static string Job(string id, string prompt, string more = "") => $$"""{"custom_id":"{{id}}","model":"stub","prompt":"{{prompt}}"{{more}}}""";

    public Task<HttpResponseMessage> PostAsync(string lines, string query = "", string type = "application/jsonl", string? key = null, HttpClient? client = null) =>
        PostAsync(new StringContent(lines, Encoding.UTF8), query, type, key, client);

    public async Task<HttpResponseMessage> PostAsync(HttpContent content, string query = "", string type = "application/jsonl", string? key = null, HttpClient? client = null)
    {
        content.Headers.ContentType = new MediaTypeHeaderValue(type);
        using HttpRequestMessage request = new(HttpMethod.Post, $"/v1/submissions{query}") { Content = content };
        if (key is not null)
            request.Headers.Add("Idempotency-Key", key);
        return await (client ?? host.Client).SendAsync(request, TestContext.Current.CancellationToken);
    }

    public static async Task<SubmissionView> ViewAsync(HttpResponseMessage response, HttpStatusCode? status = null)
    {
        string body = await response.Content.ReadAsStringAsync();
        Assert.True(status is null ? response.IsSuccessStatusCode : response.StatusCode == status, $"{response.StatusCode}: {body}");
        return JsonSerializer.Deserialize(body, JobsJson.Default.SubmissionView)!;
    }

    public async Task<SubmissionView> GetAsync(string id) => await ViewAsync(await host.Client.GetAsync($"/v1/submissions/{id}"));

    /// <summary>The submission when it has reached this state, within a minute.</summary>
    public async Task<SubmissionView> AwaitAsync(string id, Func<SubmissionView, bool>? until = null)
    {
        until ??= view => view.Outcome is not null && view.Counts.Pending == 0;
        for (int i = 0; ; i++)
        {
            SubmissionView view = await GetAsync(id);
            if (until(view))
                return view;
            Assert.True(i < 3000, $"{view}");
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }
    }

    public async Task<SubmissionView> EndAsync(string lines, string query = "") => await AwaitAsync((await ViewAsync(await PostAsync(lines, query))).Id);

    public async Task<List<JsonElement>> LinesAsync(string id, string path)
    {
        string text = await host.Client.GetStringAsync($"/v1/submissions/{id}/{path}");
        return [.. text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement)];
    }

    public static Guid Id(SubmissionView view) => SubmissionIds.TryParse(view.Id, out Guid id) ? id : throw new FormatException(view.Id);

    public ValueTask DisposeAsync() => host.DisposeAsync();
}
