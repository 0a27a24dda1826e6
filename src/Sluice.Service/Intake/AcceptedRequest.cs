using Sluice.Jobs;
using Sluice.Service.Models;

namespace Sluice.Service.Intake;

/// <summary>A request that passed the rules, with what checking it found out.</summary>
/// <param name="Request">As sent.</param>
/// <param name="Model">The model that it names.</param>
/// <param name="PromptTokens">The prompt's ids, beginning-of-sequence included.</param>
/// <param name="MaxNewTokens">Most tokens that may be generated within the context (generate), tokens of all choices (score), 0 (embed).</param>
internal sealed record AcceptedRequest(JobRequest Request, ServedModel Model, int[] PromptTokens, int MaxNewTokens);
