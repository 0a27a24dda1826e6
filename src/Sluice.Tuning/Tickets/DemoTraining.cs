using System.Text.Json;
using System.Text.Json.Nodes;
using Sluice.Engine.Tokens;
using Sluice.Tuning.Tokens;
using Sluice.Tuning.Training;

namespace Sluice.Tuning.Tickets;

/// <summary>How the demo model is made.</summary>
public sealed record DemoTrainingOptions
{
    /// <summary>True makes the small sibling that drafts for the model; it takes the model's tokenizer from <see cref="TokenizerFrom"/>.</summary>
    public bool Draft { get; init; }
    public int Steps { get; init; } = 2400;
    public int Sequences { get; init; } = 48;
    public double Rate { get; init; } = 3e-3;
    public int Seed { get; init; } = 1;
    public int Threads { get; init; } = Environment.ProcessorCount;

    /// <summary>A folder whose <c>tokenizer.json</c> is taken over; null learns one.</summary>
    public string? TokenizerFrom { get; init; }
}

/// <summary>Where training stands.</summary>
public readonly record struct TrainingProgress(int Step, int Steps, double Loss, double Rate);

/// <summary>
/// Trains the demo model from nothing: tokenizer, weights, a Hugging Face folder. The same options give the same bytes on the same instruction set,
/// whatever the number of threads. The files of the folder are replaced when the training is over and not before.
/// </summary>
public static class DemoTraining
{
    private const int Vocabulary = 1024, Context = 512, MaxLength = 192;

    private static readonly string[] s_files = ["tokenizer.json", "tokenizer_config.json", "model.safetensors", "generation_config.json", "config.json"];

    public static void Run(string folder, DemoTrainingOptions options, Action<TrainingProgress> progress, CancellationToken cancellationToken)
    {
        // Within the folder: on the same file system, and with the same rights.
        string unfinished = Path.Combine(folder, $".training-{Environment.ProcessId}");
        Directory.CreateDirectory(unfinished);
        try
        {
            Train(unfinished, options, progress, cancellationToken);
            foreach (string file in s_files)
            {
                File.Move(Path.Combine(unfinished, file), Path.Combine(folder, file), overwrite: true);
            }
        }
        finally
        {
            Directory.Delete(unfinished, recursive: true);
        }
    }

    private static void Train(string folder, DemoTrainingOptions options, Action<TrainingProgress> progress, CancellationToken cancellationToken)
    {
        string tokenizerPath = Path.Combine(folder, "tokenizer.json");
        if (options.TokenizerFrom is { } source)
        {
            File.Copy(Path.Combine(source, "tokenizer.json"), tokenizerPath, overwrite: true);
        }
        else
        {
            LearnTokenizer(tokenizerPath, (ulong)options.Seed);
        }
        Tokenizer tokenizer = Tokenizer.Load(tokenizerPath);
        TrainingShape shape = options.Draft
            ? new TrainingShape(Hidden: 48, Layers: 2, Heads: 3, KvHeads: 1, Intermediate: 128, tokenizer.VocabularySize, Context)
            : new TrainingShape(Hidden: 128, Layers: 4, Heads: 4, KvHeads: 2, Intermediate: 384, tokenizer.VocabularySize, Context);
        Parameters<float> parameters = new(shape);
        parameters.Initialise(options.Seed);
        Transformer<float> model = new(parameters, options.Sequences, MaxLength, options.Threads);
        AdamW optimizer = new(parameters);
        CosineSchedule schedule = new(options.Rate, Warmup: Math.Min(100, options.Steps / 10), options.Steps);
        TicketExamples examples = new(tokenizer, (ulong)options.Seed, TicketSplit.Train, options.Sequences, MaxLength + 1);
        for (int step = 0; step < options.Steps; step++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            double rate = schedule.At(step), loss = model.Run(examples.Next(), learn: true);
            optimizer.Update(rate);
            progress(new TrainingProgress(step + 1, options.Steps, loss, rate));
        }
        CheckpointWriter.Write(Path.Combine(folder, "model.safetensors"), parameters);
        WriteConfigs(folder, shape);
    }

    private static void LearnTokenizer(string path, ulong seed)
    {
        TicketGenerator tickets = new(seed, TicketSplit.Train);
        List<string> texts = [TicketPrompts.SortSystem, TicketPrompts.AnswerSystem];
        for (int i = 0; i < 4000; i++)
        {
            Ticket ticket = tickets.Next();
            texts.Add(ticket.Text);
            texts.Add(TicketPrompts.Answer(ticket));
            texts.Add(TicketPrompts.Plain(""));
        }
        string[] control = [TicketPrompts.Begin, TicketPrompts.End, TicketPrompts.System, TicketPrompts.User, TicketPrompts.Assistant];
        TokenizerWriter.Write(path, control, BpeTrainer.Train(texts, Vocabulary - 256 - control.Length));
    }

    private static void WriteConfigs(string folder, TrainingShape shape)
    {
        void Write(string name, JsonObject content) =>
            File.WriteAllText(Path.Combine(folder, name), content.ToJsonString(new JsonSerializerOptions { WriteIndented = true }) + "\n");
        Write("config.json", new JsonObject
        {
            ["architectures"] = new JsonArray("LlamaForCausalLM"),
            ["model_type"] = "llama",
            ["hidden_size"] = shape.Hidden,
            ["intermediate_size"] = shape.Intermediate,
            ["num_hidden_layers"] = shape.Layers,
            ["num_attention_heads"] = shape.Heads,
            ["num_key_value_heads"] = shape.KvHeads,
            ["head_dim"] = shape.HeadDim,
            ["vocab_size"] = shape.Vocabulary,
            ["max_position_embeddings"] = shape.Context,
            ["rms_norm_eps"] = TrainingShape.NormEps,
            ["rope_theta"] = TrainingShape.RopeTheta,
            ["hidden_act"] = "silu",
            ["tie_word_embeddings"] = true,
            ["bos_token_id"] = 0,
            ["eos_token_id"] = 1,
            ["torch_dtype"] = "bfloat16",
        });
        Write("generation_config.json", new JsonObject { ["bos_token_id"] = 0, ["eos_token_id"] = 1 });
        Write("tokenizer_config.json", new JsonObject
        {
            ["tokenizer_class"] = "PreTrainedTokenizerFast",
            ["bos_token"] = TicketPrompts.Begin,
            ["eos_token"] = TicketPrompts.End,
            ["add_bos_token"] = true,
            ["chat_template"] = TicketPrompts.ChatTemplate,
        });
    }
}
