using Sluice.Service.Models;
using Sluice.Jobs;
using Sluice.Engine;
using Sluice.Tests.Api;
using Sluice.Tests.Cli;
using Xunit;

namespace Sluice.Tests.Models;

public sealed class ServedModelTests
{
    [Fact]
    public async Task A_model_folder_is_served_under_its_name_with_its_own_limits()
    {
        string folder = SharedFiles.FindOrSkip("models/stories260k");
        await using ApiHost host = await ApiHost.StartAsync(models: [folder, $"tales={folder}"]);
        JobView job = await host.SubmitAsync("""{"model":"stories260k","prompt":"Once upon a time"}""");
        JobView other = await host.SubmitAsync("""{"model":"tales","prompt":"Once upon a time"}""");

        Assert.Matches("^[0-9a-f]{16}$", job.ModelRevision);
        Assert.Equal(job.ModelRevision, other.ModelRevision);
        using HttpResponseMessage refused = await host.PostAsync($$"""{"model":"tales","prompt":"x","parameters":{"max_tokens":100000} }""");
        Assert.Contains("from 1 to 512; got 100000", await refused.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_prompt_begins_as_the_tokenizer_says_and_text_never_becomes_a_control_token()
    {
        ServedModel model = ModelFolder.Load("m", SharedFiles.FindOrSkip("models/stories260k"), TimeProvider.System);
        int begin = model.Tokenizer!.BosId!.Value;

        Assert.Equal(begin, model.EncodePrompt("Once upon a time")[0]);
        Assert.DoesNotContain(begin, model.EncodeChoice("<s> Once"));
        Assert.Equal(1, model.EncodePrompt("</s><s>").Count(id => id == begin));
    }

    [Fact]
    public void A_draft_model_of_other_tokens_is_refused_before_anything_is_served()
    {
        using TinyModel other = new();
        string model = Path.Combine(AppContext.BaseDirectory, "Demo", "model");
        SpeculationOptions speculation = new() { Kind = SpeculationKind.DraftModel, DraftFolder = other.Folder };
        ArgumentException refusal = Assert.Throws<ArgumentException>(() => ModelFolder.Load("m", model, TimeProvider.System, speculation: speculation));
        Assert.Contains(model, refusal.Message, StringComparison.Ordinal);
        Assert.Contains(other.Folder, refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("llama-3.2_1b", true)]
    [InlineData("Llama", false)]
    [InlineData("-x", false)]
    [InlineData("", false)]
    [InlineData("a/b", false)]
    public void A_name_fits_into_queue_names(string name, bool valid) => Assert.Equal(valid, ModelSlug.IsValid(name));

    [Fact]
    public void The_stubs_tokens_are_bytes_after_a_beginning()
    {
        ServedModel stub = StubModel.Create();
        Assert.Equal([0, 1 + 'h', 1 + 'i'], stub.EncodePrompt("hi"));
        Assert.Equal([1 + 0xC3, 1 + 0xA4], stub.EncodeChoice("\u00E4"));
    }
}
