using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;
using Sluice.Service.Access;

namespace Sluice.Service.Api;

/// <summary>What the OpenAPI document says beyond the routes' own metadata: title, keys, and the headers of a submit.</summary>
internal sealed class ApiDocument : IOpenApiDocumentTransformer, IOpenApiOperationTransformer
{
    private const string Scheme = "key";

    public Task TransformAsync(OpenApiDocument document, OpenApiDocumentTransformerContext context, CancellationToken cancellationToken)
    {
        document.Info = new OpenApiInfo { Title = "Sluice", Version = "v1", Description = "Batch inference over a queue: submit a job, poll or wait for its answer." };
        document.Servers = [];
        document.Components ??= new OpenApiComponents();
        document.Components.SecuritySchemes ??= new Dictionary<string, IOpenApiSecurityScheme>();
        document.Components.SecuritySchemes[Scheme] = new OpenApiSecurityScheme { Type = SecuritySchemeType.Http, Scheme = "bearer", Description = "An API key, sk_{id}_{secret}." };
        return Task.CompletedTask;
    }

    public Task TransformAsync(OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken cancellationToken)
    {
        if (context.Description.ActionDescriptor.EndpointMetadata.OfType<AccessRule>().LastOrDefault() is not { IsOpen: true })
        {
            operation.Security = [new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference(Scheme, context.Document)] = [] }];
        }
        if (operation.OperationId is "submitJob" or "retryJob")
        {
            AddHeader(operation, "Idempotency-Key", "The same key with the same body makes one job; 1 to 255 printable ASCII characters, quoted or bare.");
            AddHeader(operation, "Prefer", "wait=n: answer when the job has ended, or after n seconds, at most 60.");
        }
        else if (operation.OperationId == "listJobs")
        {
            AddQuery(operation, "state", "Only jobs in this state.");
            AddQuery(operation, "submission", "Only jobs of this submission.");
            AddQuery(operation, "after", "The next of the page before.");
            AddQuery(operation, "limit", "Jobs per page, 1 to 1000; 100.");
        }
        return Task.CompletedTask;
    }

    private static void AddHeader(OpenApiOperation operation, string name, string description) => Add(operation, name, ParameterLocation.Header, description);

    private static void AddQuery(OpenApiOperation operation, string name, string description) => Add(operation, name, ParameterLocation.Query, description);

    private static void Add(OpenApiOperation operation, string name, ParameterLocation location, string description)
    {
        operation.Parameters ??= [];
        operation.Parameters.Add(new OpenApiParameter { Name = name, In = location, Description = description, Schema = new OpenApiSchema { Type = JsonSchemaType.String } });
    }
}
