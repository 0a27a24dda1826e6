using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Xunit;

namespace Sluice.Tests.Api;

/// <summary>Whatever is wrong, the answer is 400 (or what the fault has of its own), names the field, and nothing is stored.</summary>
public sealed class BadInputTests : IAsyncLifetime
{
    private ApiHost _host = null!;

    public async ValueTask InitializeAsync() => _host = await ApiHost.StartAsync();

    public async ValueTask DisposeAsync()
    {
        long stored = (await _host.Store.StatisticsAsync(CancellationToken.None)).Queued;
        await _host.DisposeAsync();
        Assert.Equal(0, stored);
    }

    [Theory]
    [InlineData("""{"prompt":"x"}""", "model", "required", "required")]
    [InlineData("""{"model":"gpt-9","prompt":"x"}""", "model", "unknown_model", "'gpt-9' is not served here; known: 'stub'")]
    [InlineData("""{"model":"stub"}""", "prompt", "required", "required")]
    [InlineData("""{"model":"stub","prompt":""}""", "prompt", "required", "must not be empty")]
    [InlineData("""{"model":"stub","prompt":"a\u0000b"}""", "prompt", "invalid", "U+0000; found at character 1")]
    [InlineData("""{"model":"stub","prompt":"a\ud800b"}""", "prompt", "invalid", "lone surrogate")]
    [InlineData("""{"model":"stub","prompt":"a\udc00"}""", "prompt", "invalid", "lone surrogate")]
    [InlineData("""{"model":"stub","prompt":17}""", "prompt", "invalid", "must be a string; got 17")]
    [InlineData("""{"model":"stub","prompt":["x"]}""", "prompt", "invalid", "must be a string; got a list")]
    [InlineData("""{"model":["stub"],"prompt":"x"}""", "model", "invalid", "must be a string")]
    [InlineData("""{"model":"stub","prompt":"x","kind":"rank"}""", "kind", "invalid", "'generate', 'score', 'embed'; got 'rank'")]
    [InlineData("""{"model":"stub","prompt":"x","kind":1}""", "kind", "invalid", "must be a string; got 1")]
    [InlineData("""{"model":"stub","prompt":"x","priority":"urgent"}""", "priority", "invalid", "got 'urgent'")]
    [InlineData("""{"model":"stub","prompt":"x","promt":"y"}""", "promt", "unknown_field", "is not a field of a job")]
    [InlineData("""{"model":"stub","prompt":"x","parameters":{"heat":1}}""", "parameters.heat", "unknown_field", "is not a field of parameters")]
    [InlineData("""{"model":"stub","prompt":"x","cache":{"size":1}}""", "cache.size", "unknown_field", "is not a field of cache")]
    [InlineData("""{"model":"stub","prompt":"x","Prompt":"x"}""", "Prompt", "unknown_field", "is not a field")]
    [InlineData("""{"model":"stub","prompt":"x","prompt":"y"}""", "prompt", "duplicate_field", "given twice")]
    [InlineData("""{"model":"stub","prompt":"x","parameters":{"seed":1,"seed":2}}""", "parameters.seed", "duplicate_field", "given twice")]
    [InlineData("""{"model":"stub","prompt":"x","metadata":{"a":"1","a":"2"}}""", "metadata.a", "duplicate_field", "given twice")]
    public Task A_job_that_is_malformed_is_refused(string json, string field, string code, string says) => RefusesAsync(json, field, code, says);

    [Theory]
    [InlineData("\"temperature\":-0.1", "temperature", "from 0 to 2; got -0.1")]
    [InlineData("\"temperature\":2.1", "temperature", "from 0 to 2; got 2.1")]
    [InlineData("\"temperature\":1e309", "temperature", "must be a finite number; got 1e309")]
    [InlineData("\"temperature\":\"NaN\"", "temperature", "must be a number; got a string")]
    [InlineData("\"top_p\":0", "top_p", "above 0 and at most 1; got 0")]
    [InlineData("\"top_p\":1.5", "top_p", "above 0 and at most 1; got 1.5")]
    [InlineData("\"top_k\":-1", "top_k", "got -1")]
    [InlineData("\"top_k\":1.5", "top_k", "must be a whole number")]
    [InlineData("\"min_p\":2", "min_p", "from 0 to 1; got 2")]
    [InlineData("\"frequency_penalty\":3", "frequency_penalty", "from -2 to 2; got 3")]
    [InlineData("\"presence_penalty\":-3", "presence_penalty", "from -2 to 2; got -3")]
    [InlineData("\"repetition_penalty\":0", "repetition_penalty", "above 0 and at most 2; got 0")]
    [InlineData("\"logprobs\":21", "logprobs", "from 0 to 20; got 21")]
    [InlineData("\"max_tokens\":0", "max_tokens", "from 1 to 32768; got 0")]
    [InlineData("\"max_tokens\":-5", "max_tokens", "from 1 to 32768; got -5")]
    [InlineData("\"max_tokens\":32769", "max_tokens", "from 1 to 32768; got 32769")]
    [InlineData("\"max_tokens\":2147483648", "max_tokens", "got 2147483648")]
    [InlineData("\"seed\":9223372036854775808", "seed", "got 9223372036854775808")]
    [InlineData("\"stop\":\"END\"", "stop", "must be a list of strings")]
    [InlineData("\"stop\":[\"\"]", "stop[0]", "1 to 256 characters; got 0")]
    [InlineData("\"stop\":[\"ok\",\"\\u0000\"]", "stop[1]", "U+0000")]
    [InlineData("\"stop\":[null]", "stop[0]", "must be a string; got null")]
    [InlineData("\"stop\":[\"1\",\"2\",\"3\",\"4\",\"5\",\"6\",\"7\",\"8\",\"9\",\"a\",\"b\",\"c\",\"d\",\"e\",\"f\",\"g\",\"h\"]", "stop", "at most 16 texts; got 17")]
    public Task An_absurd_parameter_is_refused(string member, string field, string says) =>
        RefusesAsync($$"""{"model":"stub","prompt":"x","parameters":{ {{member}} } }""", $"parameters.{field}", null, says);

    [Theory]
    [InlineData("\"deadline\":\"2020-01-01T00:00:00Z\"", "deadline", "must be in the future and at most 30 days away; got 2020-01-01T00:00:00.000Z")]
    [InlineData("\"deadline\":\"9020-01-01T00:00:00Z\"", "deadline", "at most 30 days away")]
    [InlineData("\"deadline\":\"tomorrow\"", "deadline", "RFC 3339")]
    [InlineData("\"deadline\":\"2030-01-01T00:00:00\"", "deadline", "with an offset")]
    [InlineData("\"deadline\":1767225600", "deadline", "must be a string")]
    [InlineData("\"ttl\":0", "ttl", "above 0 and at most 2592000; got 0")]
    [InlineData("\"ttl\":-1", "ttl", "above 0 and at most 2592000; got -1")]
    [InlineData("\"ttl\":1e300", "ttl", "got 1E+300")]
    [InlineData("\"kind\":\"score\"", "choices", "1 to 256 texts when kind is 'score'; got 0")]
    [InlineData("\"kind\":\"score\",\"choices\":[]", "choices", "got 0")]
    [InlineData("\"kind\":\"score\",\"choices\":[\"yes\",\"\"]", "choices[1]", "must not be empty")]
    [InlineData("\"kind\":\"score\",\"choices\":[\"yes\",3]", "choices[1]", "must be a string; got 3")]
    [InlineData("\"kind\":\"score\",\"choices\":{\"a\":1}", "choices", "must be a list of strings; got an object")]
    [InlineData("\"choices\":[\"yes\"]", "choices", "belong to kind 'score'; kind is 'generate'")]
    [InlineData("\"normalization\":\"tokens\"", "normalization", "belongs to kind 'score'")]
    [InlineData("\"kind\":\"embed\",\"parameters\":{\"seed\":1}", "parameters", "belong to kind 'generate'; kind is 'embed'")]
    [InlineData("\"cache\":{\"namespace\":\"a b\"}", "cache.namespace", "1 to 64 letters, digits, '.', '_' or '-'; got 'a b'")]
    [InlineData("\"cache\":{\"namespace\":\"\"}", "cache.namespace", "got ''")]
    [InlineData("\"cache\":{\"mode\":\"always\"}", "cache.mode", "'off', 'exact', 'semantic'; got 'always'")]
    [InlineData("\"cache\":{\"mode\":\"exact\"},\"parameters\":{\"temperature\":1}", "cache.mode", "only for a deterministic job")]
    [InlineData("\"cache\":{\"min_similarity\":1.1}", "cache.min_similarity", "at most 1; got 1.1")]
    [InlineData("\"cache\":{\"ttl\":0}", "cache.ttl", "got 0")]
    [InlineData("\"cache\":7", "cache", "must be an object; got 7")]
    [InlineData("\"metadata\":{\"\":\"v\"}", "metadata", "must have 1 to 64 characters; '' has 0")]
    [InlineData("\"metadata\":{\"k\":5}", "metadata.k", "must be a string; got 5")]
    [InlineData("\"metadata\":{\"k\":\"a\\u0000\"}", "metadata.k", "U+0000")]
    [InlineData("\"metadata\":[]", "metadata", "must be an object; got a list")]
    public Task A_job_that_breaks_a_rule_is_refused(string members, string field, string says) =>
        RefusesAsync($$"""{"model":"stub","prompt":"x",{{members}}}""", field, null, says);

    [Theory]
    [InlineData("\"stream\":true", "stream")]
    [InlineData("\"adapter\":\"lora\"", "adapter")]
    [InlineData("\"response_format\":{\"type\":\"json_object\"}", "response_format")]
    public Task What_is_not_built_says_so(string member, string field) =>
        RefusesAsync($$"""{"model":"stub","prompt":"x",{{member}}}""", field, "not_supported", "not built yet");

    [Fact]
    public Task Deadline_and_ttl_together_are_refused() => RefusesAsync(
        $$"""{"model":"stub","prompt":"x","ttl":60,"deadline":"{{TimeProvider.System.GetUtcNow().AddHours(1):O}}"}""", "ttl", null, "not both");

    [Fact]
    public Task A_prompt_that_is_longer_than_the_model_allows_names_both_numbers() => RefusesAsync(
        $$"""{"model":"stub","prompt":"{{new string('x', 40_000)}}"}""", "prompt", "too_long", "prompt has 40001 tokens; model 'stub' holds 32768, one of them for the answer");

    [Fact]
    public Task Too_many_choices_are_refused() => RefusesAsync(
        $$"""{"model":"stub","prompt":"x","kind":"score","choices":[{{string.Join(',', Enumerable.Repeat("\"a\"", 257))}}]}""", "choices", "too_long", "at most 256 texts; got 257");

    [Fact]
    public Task Too_much_metadata_is_refused() => RefusesAsync(
        $$"""{"model":"stub","prompt":"x","metadata":{ {{string.Join(',', Enumerable.Range(0, 17).Select(i => $"\"k{i}\":\"v\""))}} } }""", "metadata", "too_long", "at most 16 pairs; got 17");

    [Theory]
    [InlineData(65, 1, "metadata", "1 to 64 characters")]
    [InlineData(1, 513, "metadata.k", "at most 512 characters; got 513")]
    public Task Long_metadata_is_refused(int key, int value, string field, string says) => RefusesAsync(
        $$"""{"model":"stub","prompt":"x","metadata":{"{{new string('k', key)}}":"{{new string('v', value)}}"} }""", field, "too_long", says);

    [Fact]
    public async Task Every_field_that_is_wrong_is_named_in_one_answer()
    {
        using HttpResponseMessage response = await _host.PostAsync(
            """{"model":"gpt-9","prompt":5,"ttl":-1,"bogus":1,"parameters":{"temperature":9,"top_p":"x","stop":[""]},"metadata":{"a":1}}""", ("Idempotency-Key", new string('k', 256)));
        JsonElement body = await ApiHost.JsonAsync(response);

        string[] fields = [.. body.GetProperty("errors").EnumerateArray().Select(error => error.GetProperty("field").GetString()!).Order(StringComparer.Ordinal)];
        Assert.Equal(
            ["Idempotency-Key", "bogus", "metadata.a", "model", "parameters.stop[0]", "parameters.temperature", "parameters.top_p", "prompt", "ttl"],
            fields);
    }

    [Fact]
    public async Task An_error_reads_as_problem_details_and_as_openai_clients_want_it()
    {
        using HttpResponseMessage response = await _host.PostAsync("""{"model":"stub","prompt":"x","ttl":-1}""");
        JsonElement body = await ApiHost.JsonAsync(response);

        Assert.Equal("application/problem+json", response.Content.Headers.ContentType!.MediaType);
        Assert.Equal(("urn:sluice:problem:invalid", "Bad Request", 400), (Text(body, "type"), Text(body, "title"), body.GetProperty("status").GetInt32()));
        Assert.NotEmpty(Text(body, "traceId"));
        JsonElement error = body.GetProperty("error");
        Assert.Equal((Text(body, "detail"), "invalid_request_error", "ttl", "invalid"), (Text(error, "message"), Text(error, "type"), Text(error, "param"), Text(error, "code")));
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("\"job\"")]
    [InlineData("{\"model\":\"stub\",\"prompt\":\"x\",}")]
    [InlineData("{\"model\":\"stub\",\"prompt\":\"x\",\"ttl\":NaN}")]
    [InlineData("{\"model\":\"stub\",\"prompt\":\"x\"} extra")]
    public Task A_body_that_is_no_json_object_is_refused(string json) => RefusesAsync(json, "body", null, "");

    [Fact]
    public Task Json_200_levels_deep_names_limit_and_depth() => RefusesAsync(
        $$"""{"model":"stub","prompt":"x","metadata":{{string.Concat(Enumerable.Repeat("[", 199))}}{{new string(']', 199)}}}""", "body", "too_deep", "at most 32 levels deep; got 200");

    [Fact]
    public async Task A_body_of_broken_utf8_is_refused()
    {
        byte[] bytes = [.. Encoding.UTF8.GetBytes("{\"model\":\"stub\",\"prompt\":\"a"), 0xC3, 0x28, .. Encoding.UTF8.GetBytes("\"}")];
        using ByteArrayContent content = new(bytes);
        content.Headers.ContentType = new("application/json");
        using HttpResponseMessage response = await _host.Client.PostAsync("/v1/jobs", content);

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_body_of_2_MB_is_413_and_names_the_limit(bool chunked)
    {
        using HttpRequestMessage request = new(HttpMethod.Post, "/v1/jobs")
        {
            Content = new StringContent($$"""{"model":"stub","prompt":"{{new string('x', 2_000_000)}}"}""", Encoding.UTF8, "application/json"),
        };
        request.Headers.TransferEncodingChunked = chunked;
        using HttpResponseMessage response = await _host.Client.SendAsync(request);

        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, response.StatusCode);
        string detail = Text(await ApiHost.JsonAsync(response), "detail");
        Assert.Contains("1048576 bytes", detail, StringComparison.Ordinal);
        Assert.True(chunked || detail.Contains("2000028", StringComparison.Ordinal), detail);
    }

    /// <summary>Who only reads when all is sent, as many do: the connection has to stand until then.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_sender_of_20_MB_reads_its_413_after_the_last_byte(bool chunked)
    {
        const int Piece = 1 << 20, Pieces = 20;
        byte[] piece = Encoding.ASCII.GetBytes(new string('x', Piece));
        using TcpClient client = new();
        await client.ConnectAsync(IPAddress.Loopback, _host.Client.BaseAddress!.Port);
        NetworkStream stream = client.GetStream();
        string length = chunked ? "Transfer-Encoding: chunked" : $"Content-Length: {Piece * Pieces}";
        await stream.WriteAsync(Encoding.ASCII.GetBytes($"POST /v1/jobs HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {_host.Key}\r\nContent-Type: application/json\r\n{length}\r\n\r\n"));
        for (int i = 0; i < Pieces; i++)
        {
            await stream.WriteAsync(Encoding.ASCII.GetBytes(chunked ? $"{Piece:x}\r\n" : ""));
            await stream.WriteAsync(piece);
            await stream.WriteAsync(Encoding.ASCII.GetBytes(chunked ? "\r\n" : ""));
        }
        await stream.WriteAsync(Encoding.ASCII.GetBytes(chunked ? "0\r\n\r\n" : ""));
        byte[] answer = new byte[2000];
        int read = await stream.ReadAtLeastAsync(answer, 12);
        Assert.StartsWith("HTTP/1.1 413", Encoding.ASCII.GetString(answer, 0, read), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_body_of_another_type_is_415()
    {
        using StringContent content = new("model=stub", Encoding.UTF8, "application/x-www-form-urlencoded");
        using HttpResponseMessage response = await _host.Client.PostAsync("/v1/jobs", content);

        Assert.Equal(HttpStatusCode.UnsupportedMediaType, response.StatusCode);
        Assert.Equal("unsupported_media_type", Text((await ApiHost.JsonAsync(response)).GetProperty("error"), "code"));
    }

    [Fact]
    public async Task A_key_of_256_characters_is_refused()
    {
        using HttpResponseMessage response = await _host.PostAsync("""{"model":"stub","prompt":"x"}""", ("Idempotency-Key", new string('k', 256)));
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Contains("1 to 255", Text(await ApiHost.JsonAsync(response), "detail"), StringComparison.Ordinal);
    }

    private static string Text(JsonElement element, string name) => element.GetProperty(name).GetString()!;

    private async Task RefusesAsync(string json, string field, string? code, string says)
    {
        using HttpResponseMessage response = await _host.PostAsync(json);
        string body = await response.Content.ReadAsStringAsync();

        Assert.True(response.StatusCode == HttpStatusCode.BadRequest, $"{response.StatusCode}: {body}");
        using JsonDocument document = JsonDocument.Parse(body);
        JsonElement error = document.RootElement.GetProperty("errors").EnumerateArray().FirstOrDefault(error => Text(error, "field") == field);
        Assert.True(error.ValueKind == JsonValueKind.Object, $"No error names {field}: {body}");
        Assert.Contains(says, Text(error, "message"), StringComparison.Ordinal);
        Assert.True(code is null || Text(error, "code") == code, body);
    }
}
