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
        await using ModelEngine same = ModelEngine.Load(folder.Folder, new EngineOptions { Name = "tiny" });
        Assert.Null(EngineHost.Changed(listed, same.Info.Revision));

        string config = Path.Combine(folder.Folder, "config.json");
        File.WriteAllText(config, File.ReadAllText(config) + " ");
        string now = ModelRevision.Compute(folder.Folder);
        string said = EngineHost.Changed(listed, now)!;
        Assert.Contains($"{listed.Revision} then, {now} now", said, StringComparison.Ordinal);
        Assert.Contains("'tiny'", said, StringComparison.Ordinal);
    }
}
