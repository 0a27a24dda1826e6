using Sluice.Engine.Models;
using Sluice.Tuning.Tickets;
using Xunit;

namespace Sluice.Engine.Tests.Training;

public sealed class DemoTrainingTests : IDisposable
{
    private const string Before = "of the model before";

    private static readonly string[] s_files = ["config.json", "generation_config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"];
    private static readonly DemoTrainingOptions s_options = new() { Draft = true, Steps = 2, Sequences = 1, Threads = 1, TokenizerFrom = DemoFolders.Model };

    private readonly string _folder = Directory.CreateTempSubdirectory("sluice-training-").FullName;

    public DemoTrainingTests()
    {
        foreach (string file in s_files)
            File.WriteAllText(Path.Combine(_folder, file), Before);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_training_that_is_broken_off_leaves_the_folder_as_it_was()
    {
        using CancellationTokenSource stop = new();
        Assert.Throws<OperationCanceledException>(() => DemoTraining.Run(_folder, s_options, _ => stop.Cancel(), stop.Token));
        Assert.Equal(s_files, Entries());
        Assert.All(s_files, file => Assert.Equal(Before, File.ReadAllText(Path.Combine(_folder, file))));
    }

    [Fact]
    public void A_training_that_is_over_replaces_every_file_and_leaves_nothing_else()
    {
        DemoTraining.Run(
            _folder, s_options, _ => Assert.All(s_files, file => Assert.Equal(Before, File.ReadAllText(Path.Combine(_folder, file)))),
            TestContext.Current.CancellationToken);
        Assert.Equal(s_files, Entries());
        Assert.Equal(File.ReadAllBytes(Path.Combine(DemoFolders.Model, "tokenizer.json")), File.ReadAllBytes(Path.Combine(_folder, "tokenizer.json")));
        using Model model = Model.Load(_folder, new ModelOptions { Backend = "cpu", Threads = 1, KvBytes = 1 << 20, MaxStepTokens = 16, MaxSequences = 1 });
        Assert.Equal(48, model.Config.HiddenSize);
    }

    private string[] Entries() => [.. Directory.GetFileSystemEntries(_folder).Select(entry => Path.GetRelativePath(_folder, entry)).Order(StringComparer.Ordinal)];
}
