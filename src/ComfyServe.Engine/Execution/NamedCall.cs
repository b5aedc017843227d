using ComfyServe.Engine.Nodes;
using ComfyServe.Engine.Nodes.Schema;

namespace ComfyServe.Engine.Execution;

/// <summary>Calls a node's side methods (<c>Validate</c>, <c>IsChanged</c>, <c>Needs</c>), whose parameters are inputs by name.</summary>
internal static class NamedCall
{
    /// <summary>Calls a method. A parameter without a value receives its default, or null.</summary>
    /// <param name="method">The method.</param>
    /// <param name="values">Values by input name.</param>
    /// <param name="context">For a parameter of that type.</param>
    /// <param name="target">The node instance; null: a new one where the method needs one.</param>
    public static object? Invoke(MethodCall method, IReadOnlyDictionary<string, object?> values, NodeContext context, object? target = null)
    {
        var arguments = new object?[method.Parameters.Length];
        for (var i = 0; i < arguments.Length; i++)
        {
            if (!method.IsService(i))
            {
                var parameter = method.Parameters[i];
                arguments[i] = values.TryGetValue(method.Names[i], out var value)
                    ? ArgumentBinder.BindOrDefault(value, parameter.ParameterType)
                    : parameter.HasDefaultValue ? parameter.DefaultValue : ArgumentBinder.BindOrDefault(null, parameter.ParameterType);
            }
        }

        var everything = method.TakesEverything ? values.ToDictionary(v => v.Key, v => ArgumentBinder.Plain(v.Value), StringComparer.Ordinal) : null;
        target = method.Method.IsStatic ? null : target ?? Activator.CreateInstance(method.Method.DeclaringType!, nonPublic: true);
        return method.Invoke(target, arguments, context, everything);
    }
}
