using System.Globalization;
using System.Text;
using Sluice.Engine;
using Sluice.Jobs;
using Sluice.Service.Models;
using Sluice.Store;

namespace Sluice.Service.Inference;

/// <summary>Turns what an engine found into a job's answer.</summary>
internal static class EngineAnswers
{
    public static JobResult Result(ClaimedJob job, EngineRequest request, EngineResult result, ServedModel model) => new()
    {
        Outputs = request.Kind switch
        {
            SequenceKind.Generate => [Continuation(result, model)],
            SequenceKind.Score => Scores(job.Request, request.Choices, result.ChoiceLogprobs),
            SequenceKind.Embed => [new JobOutput { Embedding = result.Embedding }],
            _ => throw new InvalidOperationException($"{request.Kind} has no answer."),
        },
        Usage = new JobUsage
        {
            PromptTokens = request.Prompt.Length,
            CachedTokens = result.CachedTokens,
            GeneratedTokens = result.Tokens.Length,
            DraftedTokens = result.DraftedTokens,
            AcceptedTokens = result.AcceptedTokens,
        },
        Source = AnswerSource.Engine,
    };

    private static JobOutput Continuation(EngineResult result, ServedModel model) => new()
    {
        Text = result.Text,
        FinishReason = result.FinishReason == FinishReason.Stop ? "stop" : "length",
        Tokens = result.Tokens.Length,
        Logprobs = result.Logprobs.Count == 0
            ? null
            : [.. result.Logprobs.Select(token => new TokenLogprob(
                Token(model, token.Id), token.Logprob, [.. token.Top.Select(other => new TokenAlternative(Token(model, other.Id), other.Logprob))]))],
    };

    /// <summary>The token's own bytes as text; a piece of a character reads as U+FFFD.</summary>
    public static string Token(ServedModel model, int id) =>
        model.Tokenizer is { } tokenizer ? Encoding.UTF8.GetString(tokenizer.TokenBytes(id)) : id.ToString(CultureInfo.InvariantCulture);

    /// <summary>Each choice's log-likelihood, divided as asked, and the softmax of that over the choices.</summary>
    public static JobOutput[] Scores(JobRequest request, IReadOnlyList<int[]> tokens, double[] logprobs)
    {
        double[] scores = new double[logprobs.Length];
        for (int i = 0; i < scores.Length; i++)
        {
            scores[i] = logprobs[i] / Divisor(request.Normalization ?? Normalization.None, request.Choices![i], tokens[i]);
        }
        double highest = scores.Max();
        double sum = scores.Sum(score => Math.Exp(score - highest));
        JobOutput[] outputs = new JobOutput[scores.Length];
        for (int i = 0; i < outputs.Length; i++)
        {
            outputs[i] = new JobOutput
            {
                Index = i,
                Text = request.Choices![i],
                Logprob = logprobs[i],
                Score = scores[i],
                Probability = Math.Exp(scores[i] - highest) / sum,
                Tokens = tokens[i].Length,
            };
        }
        return outputs;
    }

    private static double Divisor(Normalization normalization, string choice, int[] tokens) => normalization switch
    {
        Normalization.None => 1,
        Normalization.Tokens => tokens.Length,
        Normalization.Bytes => Encoding.UTF8.GetByteCount(choice),
        _ => throw new ArgumentException($"{normalization} is not a normalization."),
    };
}
