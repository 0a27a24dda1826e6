using Sluice.Jobs;
using Sluice.Service.Intake;
using Sluice.Service.Models;
using Xunit;

namespace Sluice.Tests.Intake;

public sealed class JobKeysTests
{
    private static readonly ServedModel s_model = StubModel.Create();
    private static readonly JobRequest s_request = new() { Model = "stub", Prompt = "Hello" };

    [Fact]
    public void Defaults_and_their_absence_are_the_same_job()
    {
        JobRequest spelled = s_request with
        {
            Parameters = new JobParameters { MaxTokens = 128, Temperature = 0, TopP = 1, TopK = 0, MinP = 0, FrequencyPenalty = 0, PresencePenalty = 0, RepetitionPenalty = 1, Stop = [] },
            Metadata = new Dictionary<string, string> { ["order"] = "7" },
            Priority = JobClass.Bulk,
            Conversation = "c",
            Ttl = 60,
        };
        Assert.Equal(Exact(s_request), Exact(spelled));
    }

    [Fact]
    public void Everything_that_decides_the_answer_is_in_the_key()
    {
        JobParameters plain = new();
        JobRequest[] requests =
        [
            s_request,
            s_request with { Prompt = "Hello " },
            s_request with { Parameters = plain with { MaxTokens = 129 } },
            s_request with { Parameters = plain with { Temperature = 0.5, Seed = 1 } },
            s_request with { Parameters = plain with { Seed = 0 } },
            s_request with { Parameters = plain with { Seed = 1 } },
            s_request with { Parameters = plain with { TopP = 0.9 } },
            s_request with { Parameters = plain with { TopK = 5 } },
            s_request with { Parameters = plain with { MinP = 0.1 } },
            s_request with { Parameters = plain with { FrequencyPenalty = 0.5 } },
            s_request with { Parameters = plain with { PresencePenalty = 0.5 } },
            s_request with { Parameters = plain with { RepetitionPenalty = 1.1 } },
            s_request with { Parameters = plain with { Stop = ["a", "b"] } },
            s_request with { Parameters = plain with { Stop = ["ab"] } },
            s_request with { Parameters = plain with { Stop = ["b", "a"] } },
            s_request with { Parameters = plain with { Logprobs = 0 } },
            s_request with { Parameters = plain with { LogitBias = new Dictionary<string, double> { ["1"] = 2 } } },
            s_request with { Parameters = plain with { LogitBias = new Dictionary<string, double> { ["2"] = 1 } } },
            s_request with { Parameters = plain with { LogitBias = new Dictionary<string, double> { ["1"] = 2, ["2"] = 1 } } },
            s_request with { Kind = JobKind.Embed },
            s_request with { Kind = JobKind.Score, Choices = ["a", "b"] },
            s_request with { Kind = JobKind.Score, Choices = ["ab"] },
            s_request with { Kind = JobKind.Score, Choices = ["a", "b"], Normalization = Normalization.Bytes },
        ];
        Assert.Equal(requests.Length, requests.Select(Exact).Distinct().Count());
    }

    [Fact]
    public void Tenant_namespace_and_model_are_in_every_key()
    {
        ServedModel other = new() { Name = "stub", Revision = "stub-v2", ContextLength = 10, VocabularySize = 257, EncodePrompt = s_model.EncodePrompt, EncodeChoice = s_model.EncodeChoice };
        (string Tenant, string Namespace, ServedModel Model)[] places = [("a", "b", s_model), ("ab", "", s_model), ("", "ab", s_model), ("a", "c", s_model), ("a", "b", other)];
        int[] tokens = [1, 2, 3];
        Assert.Equal(places.Length, places.Select(place => Convert.ToHexString(JobKeys.Of(place.Tenant, place.Namespace, place.Model, s_request).Exact)).Distinct().Count());
        Assert.Equal(places.Length, places.Select(place => Convert.ToHexString(JobKeys.Of(place.Tenant, place.Namespace, place.Model, s_request).Fingerprint)).Distinct().Count());
        Assert.Equal(places.Length, places.Select(place => JobKeys.Prefix(place.Tenant, place.Namespace, place.Model, tokens)).Distinct().Count());
    }

    [Fact]
    public void The_fingerprint_is_everything_but_the_prompt()
    {
        byte[] fingerprint = Of(s_request).Fingerprint;
        Assert.Equal(fingerprint, Of(s_request with { Prompt = "Goodbye" }).Fingerprint);
        Assert.NotEqual(fingerprint, Of(s_request with { Parameters = new JobParameters { MaxTokens = 5 } }).Fingerprint);
        Assert.NotEqual(fingerprint, Of(s_request).Exact);
    }

    [Fact]
    public void Prompts_that_begin_with_the_same_full_pages_have_one_prefix_key()
    {
        int[] prompt = [.. Enumerable.Range(0, 100)];
        Assert.Equal(Prefix(prompt[..64]), Prefix(prompt));
        Assert.Equal(Prefix(prompt[..32]), Prefix(prompt[..40]));
        Assert.NotEqual(Prefix(prompt[..32]), Prefix(prompt[..48]));
        Assert.NotEqual(Prefix(prompt[..3]), Prefix(prompt[..4]));
        int[] differs = [.. prompt];
        differs[63] = -1;
        Assert.NotEqual(Prefix(prompt), Prefix(differs));
    }

    [Fact]
    public void A_chain_is_equal_up_to_the_page_in_which_prompts_differ()
    {
        int[] prompt = [.. Enumerable.Range(1, 2_000)], differs = [.. prompt];
        differs[40]++;
        long[] chain = JobKeys.Chain(prompt), other = JobKeys.Chain(differs);
        Assert.Equal(64, chain.Length);
        Assert.Equal(64, chain.Distinct().Count());
        Assert.Equal(2, chain.AsSpan().CommonPrefixLength(other));
        Assert.Empty(chain[2..].Intersect(other[2..]));
        Assert.Equal(chain[..6], JobKeys.Chain(prompt.AsSpan(0, 111)));
        Assert.Empty(JobKeys.Chain(prompt.AsSpan(0, 15)));
    }

    [Fact]
    public void Only_a_job_that_always_gives_the_same_answer_is_deterministic()
    {
        Assert.True(JobKeys.IsDeterministic(s_request));
        Assert.True(JobKeys.IsDeterministic(s_request with { Parameters = new JobParameters { Temperature = 1, Seed = 3 } }));
        Assert.False(JobKeys.IsDeterministic(s_request with { Parameters = new JobParameters { Temperature = 0.1 } }));
        Assert.True(JobKeys.IsDeterministic(s_request with { Kind = JobKind.Embed }));
    }

    private static (byte[] Exact, byte[] Fingerprint) Of(JobRequest request) => JobKeys.Of("default", "default", s_model, request);

    private static string Exact(JobRequest request) => Convert.ToHexString(Of(request).Exact);

    private static long Prefix(int[] tokens) => JobKeys.Prefix("default", "default", s_model, tokens);
}
