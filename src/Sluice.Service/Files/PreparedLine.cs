using Sluice.Engine;

namespace Sluice.Service.Files;

/// <summary>A line that this model can run.</summary>
/// <param name="Line">As read.</param>
/// <param name="Request">For the engine.</param>
/// <param name="NewTokens">Most tokens to generate; for choices, the tokens of all of them.</param>
internal sealed record PreparedLine(BatchLine Line, EngineRequest Request, int NewTokens);
