using System.CommandLine;
using System.Globalization;
using System.Text;
using Sluice.Engine.Models;
using Sluice.Engine.Quantization;
using Sluice.Engine.Sequences;

namespace Sluice.Cli.Models;

/// <summary><c>sluice model logits</c>: a JSON array of token ids per line in, the logits after the last of them per line out.</summary>
internal static class LogitsCommand
{
    private const int MostStepTokens = 512;

    public static Command Create(Terminal terminal)
    {
        Option<string> folder = ModelCommands.FolderOption();
        Option<string?> backend = new("--backend") { Description = "What computes; the fastest that runs here where not given." };
        backend.AcceptOnlyFromAmong("reference", "cpu");
        Option<long> kvBytes = KvBudget.Option("Most bytes of keys and values for one line, as float32.");
        Command command = new("logits", "One JSON array of token ids per line in; per line out, the logits after the last id as a JSON array.") { folder, backend, kvBytes };
        command.SetAction(async (parse, cancellationToken) =>
        {
            using Model model = Load(parse.GetRequiredValue(folder), parse.GetValue(backend), parse.GetValue(kvBytes));
            int most = (int)Math.Min(model.Config.ContextLength, (long)model.Memory.Pages * StepPlan.PageTokens);
            int pages = (most + StepPlan.PageTokens - 1) / StepPlan.PageTokens;
            StepPlan plan = new(model.Options.MaxStepTokens, 1, pages);
            return await LineConversation.RunAsync(terminal, line => Write(Logits(model, plan, ReadIds(line, model, most))), cancellationToken);
        });
        return command;
    }

    private static Model Load(string folder, string? backend, long kvBytes)
    {
        ModelOptions exact = new() { Backend = backend, Kv = KvFormat.Float32, Assembled = false, KvBytes = kvBytes }; // no activation, key or value is rounded
        ModelInspection inspection = KvBudget.Inspect(folder, exact);
        int context = inspection.Config.ContextLength;
        long pages = (context + StepPlan.PageTokens - 1) / StepPlan.PageTokens;
        return Model.Load(folder, exact with
        {
            KvBytes = Math.Min(kvBytes, pages * inspection.Memory.KvBytesPerPage),
            MaxStepTokens = Math.Min(MostStepTokens, context),
            MaxSequences = 1,
            MaxOutputs = 1,
        });
    }

    private static int[] ReadIds(string line, Model model, int most)
    {
        int[] ids = IdLine.Read(line, model.Config.VocabularySize);
        if (ids.Length == 0 || ids.Length > most)
        {
            string why = most < model.Config.ContextLength ? "what --kv-bytes holds" : "the model's context length";
            throw new FormatException($"ids: expected 1 to {most} ({why}), found {ids.Length}.");
        }
        return ids;
    }

    /// <summary>(vocabulary) after the last id; the ids go through the model in steps of at most the plan's rows.</summary>
    private static ReadOnlySpan<float> Logits(Model model, StepPlan plan, int[] ids)
    {
        for (int done = 0; done < ids.Length;)
        {
            int rows = Math.Min(plan.Tokens.Length, ids.Length - done);
            plan.Clear();
            plan.Rows = rows;
            plan.Segments = 1;
            (plan.SegmentRow[0], plan.SegmentRow[1], plan.SegmentContext[0]) = (0, rows, done);
            (plan.PageStart[0], plan.PageStart[1]) = (0, (done + rows + StepPlan.PageTokens - 1) / StepPlan.PageTokens);
            for (int page = 0; page < plan.PageStart[1]; page++) plan.Pages[page] = page;
            for (int row = 0; row < rows; row++) (plan.Tokens[row], plan.Positions[row]) = (ids[done + row], done + row);
            done += rows;
            if (done == ids.Length) (plan.Outputs, plan.OutputRows[0]) = (1, rows - 1);
            model.Forward(plan);
        }
        return model.Logits(0);
    }

    /// <summary>Shortest decimals that read back as the same float32.</summary>
    private static string Write(ReadOnlySpan<float> logits)
    {
        StringBuilder line = new("[");
        foreach (float logit in logits)
        {
            if (!float.IsFinite(logit))
                throw new CommandFailedException(ExitCode.Failed, $"the model gives {logit.ToString(CultureInfo.InvariantCulture)} as a logit, which JSON cannot hold.");
            if (line.Length > 1) line.Append(',');
            line.Append(logit.ToString("R", CultureInfo.InvariantCulture));
        }
        return line.Append(']').ToString();
    }
}
