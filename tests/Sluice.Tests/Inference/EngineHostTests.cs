using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Sluice.Batching;
using Sluice.Engine;
using Sluice.Engine.Models;
using Sluice.Service.Inference;
using Sluice.Service.Models;
using Sluice.Tests.Cli;
using Xunit;

namespace Sluice.Tests.Inference;

/// <summary>Answers are kept under the revision that a folder had when it was listed: an engine of another must not give them.</summary>
public sealed class EngineHostTests
{
    [Fact]
    public async Task Files_that_have_changed_since_they_were_listed_are_refused()
    {
        using TinyModel folder = new();
        ServedModel listed = ModelFolder.Load("tiny", folder.Folder, TimeProvider.System);
        await using EngineHost host = new(null!, new StubOptions(), Options.Create(new WorkerOptions()), TimeProvider.System, NullLoggerFactory.Instance, NullLogger<EngineHost>.Instance);
        InferenceLoop loop = new(listed, new FormerOptions(), null!, null!, TimeProvider.System, NullLogger<InferenceLoop>.Instance);
        IEngine same = await host.LoadAsync(loop, CancellationToken.None);
        Assert.Equal(listed.Revision, same.Info.Revision);
        Assert.Equal([same], host.All);

        string config = Path.Combine(folder.Folder, "config.json");
        File.WriteAllText(config, File.ReadAllText(config) + " ");
        InvalidOperationException refusal = await Assert.ThrowsAsync<InvalidOperationException>(() => host.LoadAsync(loop, CancellationToken.None));
        Assert.Contains($"'tiny' have changed since they were listed: revision {listed.Revision} then, {ModelRevision.Compute(folder.Folder)} now", refusal.Message, StringComparison.Ordinal);
        Assert.Equal([same], host.All);
    }
}
