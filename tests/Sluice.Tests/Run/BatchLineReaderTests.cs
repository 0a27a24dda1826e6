using System.Text;
using System.Text.Json;
using Sluice.Jobs;
using Sluice.Service.Files;
using Sluice.Service.Intake;
using Xunit;

namespace Sluice.Tests.Run;

public sealed class BatchLineReaderTests
{
    private static (BatchLine? Line, IReadOnlyList<FieldError> Errors) Read(string text)
    {
        RequestErrors errors = new();
        using JsonDocument? json = BatchLineReader.Parse(Encoding.UTF8.GetBytes(text), errors);
        return (json is null ? null : BatchLineReader.Read(json.RootElement, errors), errors.All);
    }

    private static (BatchLine? Line, IReadOnlyList<FieldError> Errors) Body(string url, string body) => Read(RunBench.Line("a", url, body));

    [Fact]
    public void Every_sampling_member_arrives()
    {
        (BatchLine? line, IReadOnlyList<FieldError> errors) = Body("/v1/completions", """
            {"model":"m","prompt":["p"],"max_tokens":7,"temperature":0.5,"top_p":0.9,"top_k":5,"min_p":0.1,"frequency_penalty":1,"presence_penalty":-1,
             "repetition_penalty":1.5,"seed":-4,"stop":"x","logprobs":2,"user":"u","n":1,"stream":false,"echo":false,"best_of":1,"suffix":null,"tools":null}
            """);
        Assert.Empty(errors);
        Assert.Equal(("a", BatchEndpoint.Completions, JobKind.Generate, "m", "p"), (line!.CustomId, line.Endpoint, line.Request.Kind, line.Request.Model, line.Request.Prompt));
        JobParameters parameters = line.Request.Parameters!;
        Assert.Equal(["x"], parameters.Stop!);
        Assert.Equal(
            new JobParameters { MaxTokens = 7, Temperature = 0.5, TopP = 0.9, TopK = 5, MinP = 0.1, FrequencyPenalty = 1, PresencePenalty = -1, RepetitionPenalty = 1.5, Seed = -4, Logprobs = 2 },
            parameters with { Stop = null });
    }

    [Fact]
    public void Messages_may_be_texts_or_lists_of_text_parts()
    {
        (BatchLine? line, IReadOnlyList<FieldError> errors) = Body("/v1/chat/completions", """
            {"messages":[{"role":"system","content":"s"},{"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]}],
             "max_completion_tokens":9,"logprobs":true,"top_logprobs":3,"stop":["x","y"],"response_format":{"type":"text"}}
            """);
        Assert.Empty(errors);
        Assert.Equal([("system", "s"), ("user", "a\nb")], line!.Request.Messages!.Select(m => (m.Role!, m.Content!)));
        Assert.Equal((9, 3, 2), (line.Request.Parameters!.MaxTokens, line.Request.Parameters.Logprobs, line.Request.Parameters.Stop!.Count));
    }

    [Fact]
    public void Logprobs_of_a_chat_without_alternatives_are_asked_for_as_none_of_them() =>
        Assert.Equal(0, Body("/v1/chat/completions", """{"messages":[{"role":"user","content":"a"}],"logprobs":true}""").Line!.Request.Parameters!.Logprobs);

    [Fact]
    public void Embeddings_and_scores_have_their_own_members()
    {
        BatchLine embedding = Body("/v1/embeddings", """{"input":"t","encoding_format":"base64"}""").Line!;
        Assert.Equal((JobKind.Embed, "t", true), (embedding.Request.Kind, embedding.Request.Prompt, embedding.Base64));
        BatchLine score = Body("/v1/score", """{"prompt":"t","choices":["a","b"],"normalization":"bytes"}""").Line!;
        Assert.Equal((JobKind.Score, Normalization.Bytes, 2), (score.Request.Kind, score.Request.Normalization, score.Request.Choices!.Count));
        Assert.Single(Body("/v1/score", """{"messages":[{"role":"user","content":"t"}],"choices":["a"]}""").Line!.Request.Messages!);
    }

    [Theory]
    [InlineData("{", "", "invalid_json")]
    [InlineData("[1]", "", "invalid")]
    [InlineData("""{"method":"POST","url":"/v1/completions","body":{"prompt":"a"}}""", "custom_id", "required")]
    [InlineData("""{"custom_id":7,"method":"POST","url":"/v1/completions","body":{"prompt":"a"}}""", "custom_id", "invalid")]
    [InlineData("""{"custom_id":"","method":"POST","url":"/v1/completions","body":{"prompt":"a"}}""", "custom_id", "too_long")]
    [InlineData("""{"custom_id":"a","url":"/v1/completions","body":{"prompt":"a"}}""", "method", "required")]
    [InlineData("""{"custom_id":"a","method":"GET","url":"/v1/completions","body":{"prompt":"a"}}""", "method", "invalid")]
    [InlineData("""{"custom_id":"a","method":"POST","body":{"prompt":"a"}}""", "url", "required")]
    [InlineData("""{"custom_id":"a","method":"POST","url":"/v1/responses","body":{"prompt":"a"}}""", "url", "invalid")]
    [InlineData("""{"custom_id":"a","method":"POST","url":"/v1/completions"}""", "body", "required")]
    [InlineData("""{"custom_id":"a","method":"POST","url":"/v1/completions","body":[]}""", "body", "invalid")]
    [InlineData("""{"custom_id":"a","method":"POST","url":"/v1/completions","body":{"prompt":"a"},"id":1}""", "id", "unknown_field")]
    [InlineData("""{"custom_id":"a","custom_id":"b","method":"POST","url":"/v1/completions","body":{"prompt":"a"}}""", "custom_id", "duplicate_field")]
    public void A_bad_frame_names_the_member(string line, string field, string code) => Refuses(Read(line), field, code);

    [Theory]
    [InlineData("/v1/completions", """{"prompt":"a","max_token":1}""", "body.max_token", "unknown_field")]
    [InlineData("/v1/completions", """{"prompt":"a","messages":[]}""", "body.messages", "unknown_field")]
    [InlineData("/v1/completions", """{}""", "body.prompt", "required")]
    [InlineData("/v1/completions", """{"prompt":""}""", "body.prompt", "required")]
    [InlineData("/v1/completions", """{"prompt":["a","b"]}""", "body.prompt", "not_supported")]
    [InlineData("/v1/completions", """{"prompt":"\ud800"}""", "body.prompt", "invalid")]
    [InlineData("/v1/completions", """{"prompt":"a","max_tokens":0}""", "body.max_tokens", "invalid")]
    [InlineData("/v1/completions", """{"prompt":"a","max_tokens":1.5}""", "body.max_tokens", "invalid")]
    [InlineData("/v1/completions", """{"prompt":"a","temperature":2.5}""", "body.temperature", "invalid")]
    [InlineData("/v1/completions", """{"prompt":"a","top_p":0}""", "body.top_p", "invalid")]
    [InlineData("/v1/completions", """{"prompt":"a","seed":"x"}""", "body.seed", "invalid")]
    [InlineData("/v1/completions", """{"prompt":"a","stop":""}""", "body.stop[0]", "too_long")]
    [InlineData("/v1/completions", """{"prompt":"a","logprobs":21}""", "body.logprobs", "invalid")]
    [InlineData("/v1/completions", """{"prompt":"a","stream":true}""", "body.stream", "not_supported")]
    [InlineData("/v1/completions", """{"prompt":"a","n":2}""", "body.n", "not_supported")]
    [InlineData("/v1/completions", """{"prompt":"a","echo":true}""", "body.echo", "not_supported")]
    [InlineData("/v1/chat/completions", """{"prompt":"a"}""", "body.prompt", "unknown_field")]
    [InlineData("/v1/chat/completions", """{"messages":[]}""", "body.messages", "invalid")]
    [InlineData("/v1/chat/completions", """{"messages":[{"role":"boss","content":"a"}]}""", "body.messages[0].role", "invalid")]
    [InlineData("/v1/chat/completions", """{"messages":[{"role":"user"}]}""", "body.messages[0].content", "required")]
    [InlineData("/v1/chat/completions", """{"messages":[{"role":"user","content":"a","tool_calls":[]}]}""", "body.messages[0].tool_calls", "not_supported")]
    [InlineData("/v1/chat/completions", """{"messages":[{"role":"user","content":[{"type":"image_url"}]}]}""", "body.messages[0].content[0]", "not_supported")]
    [InlineData("/v1/chat/completions", """{"messages":[{"role":"user","content":"a"}],"tools":[]}""", "body.tools", "not_supported")]
    [InlineData("/v1/chat/completions", """{"messages":[{"role":"user","content":"a"}],"response_format":{"type":"json_object"}}""", "body.response_format", "not_supported")]
    [InlineData("/v1/chat/completions", """{"messages":[{"role":"user","content":"a"}],"top_logprobs":2}""", "body.top_logprobs", "invalid")]
    [InlineData("/v1/chat/completions", """{"messages":[{"role":"user","content":"a"}],"max_tokens":1,"max_completion_tokens":1}""", "body.max_completion_tokens", "invalid")]
    [InlineData("/v1/embeddings", """{"input":"a","temperature":1}""", "body.temperature", "unknown_field")]
    [InlineData("/v1/embeddings", """{"input":"a","dimensions":8}""", "body.dimensions", "unknown_field")]
    [InlineData("/v1/embeddings", """{"input":"a","encoding_format":"int8"}""", "body.encoding_format", "invalid")]
    [InlineData("/v1/score", """{"prompt":"a"}""", "body.choices", "required")]
    [InlineData("/v1/score", """{"prompt":"a","choices":[]}""", "body.choices", "required")]
    [InlineData("/v1/score", """{"prompt":"a","choices":["x",""]}""", "body.choices[1]", "required")]
    [InlineData("/v1/score", """{"prompt":"a","choices":["x"],"normalization":"pmi"}""", "body.normalization", "invalid")]
    [InlineData("/v1/score", """{"prompt":"a","messages":[{"role":"user","content":"a"}],"choices":["x"]}""", "body.messages", "invalid")]
    public void A_bad_body_names_the_member(string url, string body, string field, string code) => Refuses(Body(url, body), field, code);

    private static void Refuses((BatchLine? Line, IReadOnlyList<FieldError> Errors) read, string field, string code)
    {
        Assert.Null(read.Line);
        FieldError error = Assert.Single(read.Errors);
        Assert.Equal((field, code), (error.Field, error.Code));
        Assert.NotEmpty(error.Message);
    }
}
