using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Sluice.Service.Access;
using Sluice.Service.Intake;
using Sluice.Service.Models;
using Sluice.Store;

namespace Sluice.Service.Api;

/// <summary>/v1/models: OpenAI's shape, with what a caller of jobs wants to know beside it.</summary>
internal static class ModelEndpoints
{
    public static void MapModels(this IEndpointRouteBuilder routes)
    {
        RouteGroupBuilder models = routes.MapGroup("/v1/models").WithTags("models");
        models.MapGet("", (ModelCatalog catalog) => new JsonAnswer<ModelPage>(StatusCodes.Status200OK, new ModelPage([.. catalog.All.Select(View)]), ApiJson.Default.ModelPage))
            .Needs(KeyScopes.Read).WithName("listModels").WithSummary("The models that jobs may name.")
            .Answers<ModelPage>(200).Fails(401, 403);
        models.MapGet("{name}", Get)
            .Needs(KeyScopes.Read).WithName("getModel").WithSummary("One model.")
            .Answers<ModelView>(200).Fails(401, 403, 404);
    }

    private static IResult Get(ModelCatalog catalog, string name) =>
        catalog.TryGet(name, out ServedModel? model)
            ? new JsonAnswer<ModelView>(StatusCodes.Status200OK, View(model), ApiJson.Default.ModelView)
            : new Problem(StatusCodes.Status404NotFound, "model_not_found", $"There is no model {TextRules.Quote(name)}; known: {string.Join(", ", catalog.All.Select(known => $"'{known.Name}'"))}.");

    private static ModelView View(ServedModel model) => new(model.Name, model.Revision, model.ContextLength);
}

/// <summary>All models.</summary>
internal sealed record ModelPage(IReadOnlyList<ModelView> Data)
{
    public string Object { get; init; } = "list";
}

/// <summary>A model by its name.</summary>
/// <param name="Id">The name that jobs use.</param>
/// <param name="Revision">Changes when config, tokenizer or weights do.</param>
/// <param name="ContextLength">Most tokens, prompt and generated.</param>
internal sealed record ModelView(string Id, string Revision, int ContextLength)
{
    public string Object { get; init; } = "model";

    /// <summary>OpenAI's clients want one; a folder has no birthday.</summary>
    public long Created { get; init; }
    public string OwnedBy { get; init; } = "sluice";
}
