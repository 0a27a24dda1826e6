using System.Text.Json.Nodes;
using Sluice.Engine.Models;
using Sluice.Tuning.Tickets;
using Sluice.Tuning.Tokens;

namespace Sluice.Tests.Models;

/// <summary>A random model with a tokenizer of bytes and control tokens, and a chat template that refuses two turns of one role; gone when disposed.</summary>
internal sealed class ChatFolder : IDisposable
{
    public const int Begin = 0, End = 1, System = 2, User = 3, Assistant = 4, FirstByte = 5;
    public const int ContextLength = 256;

    private const string Refusal = "{% if messages | length > 1 and messages[0].role == messages[1].role %}{{ raise_exception('Roles must alternate') }}{% endif %}";

    public ChatFolder(string template = Refusal + TicketPrompts.ChatTemplate, int contextLength = ContextLength)
    {
        int vocabulary = TokenizerWriter.Write(
            Path.Combine(Folder, "tokenizer.json"), [TicketPrompts.Begin, TicketPrompts.End, TicketPrompts.System, TicketPrompts.User, TicketPrompts.Assistant], []);
        ModelShape shape = new()
        {
            HiddenSize = 32,
            Layers = 2,
            Heads = 4,
            KvHeads = 2,
            HeadDim = 8,
            Intermediate = 48,
            Vocabulary = vocabulary,
            ContextLength = contextLength,
        };
        RandomModel.Write(Folder, shape, seed: 11);
        JsonObject config = new()
        {
            ["bos_token"] = TicketPrompts.Begin,
            ["eos_token"] = TicketPrompts.End,
            ["add_bos_token"] = true,
            ["chat_template"] = template,
        };
        File.WriteAllText(Path.Combine(Folder, "tokenizer_config.json"), config.ToJsonString());
    }

    public string Folder { get; } = Directory.CreateTempSubdirectory("sluice-chat-").FullName;

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}
