using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;

namespace ComfyServe.Engine.Tests.Http;

/// <summary>Keeps the answers to <c>POST /prompt</c> from being written until a test lets them go.</summary>
internal sealed class HeldAnswers : IStartupFilter
{
    private readonly TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public void Release() => _released.TrySetResult();

    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
    {
        app.Use(async (context, rest) =>
        {
            if (HttpMethods.IsPost(context.Request.Method) && context.Request.Path == "/prompt")
            {
                context.Response.OnStarting(() => _released.Task.WaitAsync(TestSocket.Patience));
            }

            await rest(context);
        });
        next(app);
    };
}
