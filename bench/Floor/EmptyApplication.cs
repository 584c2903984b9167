using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http.Features;

namespace Mayfly.Floor;

/// <summary>Answers every request with 200 and no body: what is left of an agent when nothing is done with what it receives.</summary>
internal sealed class EmptyApplication : IHttpApplication<IFeatureCollection>
{
    public IFeatureCollection CreateContext(IFeatureCollection contextFeatures) => contextFeatures;

    public Task ProcessRequestAsync(IFeatureCollection context) => Task.CompletedTask;

    public void DisposeContext(IFeatureCollection context, Exception? exception)
    {
    }
}
