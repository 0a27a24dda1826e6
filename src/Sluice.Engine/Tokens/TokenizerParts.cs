namespace Sluice.Engine.Tokens;

/// <summary>What a tokenizer file says, as the parts that do it.</summary>
internal sealed record TokenizerParts(
    Normalizer? Normalizer,
    PreTokenizer PreTokenizer,
    WordModel Model,
    TokenDecoder Decoder,
    IReadOnlyList<AddedToken> Added,
    ControlTokens Control);

/// <summary>The control tokens that frame a text.</summary>
/// <param name="BosId">The token that begins a text; null where the files name none.</param>
/// <param name="EosId">The token that ends one.</param>
/// <param name="AddBos">Whether the model expects <paramref name="BosId"/> before a text.</param>
internal sealed record ControlTokens(int? BosId, int? EosId, bool AddBos);
