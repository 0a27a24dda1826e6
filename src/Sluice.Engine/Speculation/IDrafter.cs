namespace Sluice.Engine.Speculation;

/// <summary>
/// Guesses what a model says next, for many sequences at once. Two are shipped: <see cref="PromptLookupDrafter"/> and <see cref="DraftModelDrafter"/>.
/// A guess costs time when it is wrong, never a token. Called by the thread that owns the step; allocates nothing for a draft it has seen before.
/// </summary>
internal interface IDrafter : IDisposable
{
    /// <summary>Known tokens of the sequence that must be computed before the first guess: 0 where nothing is computed, <see cref="int.MaxValue"/> where it cannot be guessed for now.</summary>
    int Behind(Draft draft);

    /// <summary>
    /// Writes up to <see cref="Draft.Wanted"/> guesses behind the known tokens of each draft and says in <see cref="Draft.Count"/> how many; that may be none.
    /// What one gets does not depend on the others, but for room: a drafter short of it guesses fewer.
    /// </summary>
    /// <returns>Known tokens that it computed for that, of all drafts together.</returns>
    int Guess(ReadOnlySpan<Draft> drafts);

    /// <summary>The first <paramref name="accepted"/> guesses became known tokens, the others did not. Called once after guesses were made.</summary>
    void Settle(Draft draft, int accepted);

    /// <summary>Forgets the sequence; it may come back.</summary>
    void Release(Draft draft);
}
