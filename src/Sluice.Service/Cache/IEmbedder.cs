namespace Sluice.Service.Cache;

/// <summary>Turns a text into a vector whose inner product with another's says how alike they read. Safe from any thread.</summary>
internal interface IEmbedder
{
    /// <summary>Stored beside every vector: only vectors of one id are ever compared.</summary>
    string Id { get; }

    int Dimension { get; }

    /// <summary>The least similarity at which an answer may be shared, as calibrated for this embedder; a caller may ask for more, never for less.</summary>
    double MinSimilarity { get; }

    /// <summary>(<see cref="Dimension"/>), L2 norm 1, the same for the same text on every machine.</summary>
    float[] Embed(string text);
}
