using Sluice.Engine.Models;
using Sluice.Engine.Tests.Models;
using Sluice.Engine.Weights;
using Xunit;

namespace Sluice.Engine.Tests.Mutants;

/// <summary>A model folder whose files lie: what is inspected is refused or planned, without the memory that the lie asks for.</summary>
public sealed class ConfigMutantTests
{
    private static readonly ModelOptions s_options = new() { KvBytes = 8 << 20, Threads = 1 };

    [Theory]
    [InlineData("config.json")]
    [InlineData("generation_config.json")]
    [InlineData("model.safetensors.index.json")]
    public void A_mutant_is_planned_or_refused(string name)
    {
        using RandomFolder folder = new(RandomFolder.Odd with { Shards = name.StartsWith("model", StringComparison.Ordinal) ? 2 : 1 });
        string path = Path.Combine(folder.Path, name);
        byte[] whole = File.Exists(path) ? File.ReadAllBytes(path) : """{"eos_token_id":[1,2],"bos_token_id":3}"""u8.ToArray();
        MutantRun.Default.Over(name, 1_000, random => JsonMutator.Mutate(whole, random), Read, typeof(ModelFormatException), typeof(InsufficientMemoryException));

        void Read(byte[] mutant)
        {
            File.WriteAllBytes(path, mutant);
            try
            {
                ModelInspection.Read(folder.Path, s_options);
            }
            catch (ArgumentException refusal) when (refusal.Message.StartsWith("KvBytes", StringComparison.Ordinal))
            {
                throw new InsufficientMemoryException(refusal.Message); // the plan of an honest config that is too large
            }
        }
    }
}
