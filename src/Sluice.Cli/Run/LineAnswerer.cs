using Sluice.Engine;
using Sluice.Jobs;
using Sluice.Service.Files;

namespace Sluice.Cli.Run;

/// <summary>Makes output lines, and knows where they go.</summary>
internal sealed class LineAnswerer(OutputLines lines, OutputQueue output, TimeProvider time)
{
    public OutputQueue Output => output;

    public OutputLine Success(NumberedLine line, EngineResult result) => new(line.Number, lines.Success(line.Number, line.Prepared, result, time.GetUtcNow()), Failed: false)
    {
        PromptTokens = line.Prepared.Request.Prompt.Length,
        CachedTokens = result.CachedTokens,
        CompletionTokens = result.Tokens.Length,
    };

    public OutputLine Failure(NumberedLine line, string code, string message) => Failure(line.Number, line.Prepared.Line.CustomId, [new FieldError("", message, code)]);

    public OutputLine Failure(long number, string? customId, IReadOnlyList<FieldError> errors) => new(number, lines.Failure(number, customId, errors), Failed: true);
}
