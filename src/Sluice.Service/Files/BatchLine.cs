using Sluice.Jobs;

namespace Sluice.Service.Files;

/// <summary>A line of an OpenAI batch file that could be read.</summary>
/// <param name="CustomId">The caller's name for it, 1 to <see cref="BatchLineReader.MostIdCharacters"/> characters.</param>
/// <param name="Endpoint">Its url.</param>
/// <param name="Request">Its body; <see cref="JobRequest.Model"/> is null where the body names none.</param>
/// <param name="Base64">Embeddings: the vector is wanted as base64 of little-endian float32, not as a list.</param>
internal sealed record BatchLine(string CustomId, BatchEndpoint Endpoint, JobRequest Request, bool Base64);
