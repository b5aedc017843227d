using System.Reflection;

namespace ComfyServe.Engine.Nodes.Schema;

/// <summary>A method whose parameters are filled by name.</summary>
internal sealed class MethodCall
{
    private readonly MethodInvoker _invoker;
    private readonly int _context;
    private readonly int _everything;

    /// <summary>Prepares the call of a method.</summary>
    public MethodCall(MethodInfo method, Func<ParameterInfo, string> inputName)
    {
        Method = method;
        _invoker = MethodInvoker.Create(method);
        Parameters = method.GetParameters();
        Names = [.. Parameters.Select(inputName)];
        _context = Array.FindIndex(Parameters, p => p.ParameterType == typeof(NodeContext));
        _everything = Array.FindIndex(Parameters, p => p.ParameterType == typeof(IReadOnlyDictionary<string, object?>) && inputName(p) != TypesParameter);
    }

    /// <summary>A parameter of this name receives the types of the linked inputs; the engine then does not check them.</summary>
    public const string TypesParameter = "input_types";

    /// <summary>The method.</summary>
    public MethodInfo Method { get; }

    /// <summary>The method's parameters.</summary>
    public ParameterInfo[] Parameters { get; }

    /// <summary>The input's name for each parameter.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>The method takes all inputs as one dictionary.</summary>
    public bool TakesEverything => _everything >= 0;

    /// <summary>Position of a parameter that is filled by the engine and is no input.</summary>
    public bool IsService(int position) => position == _context || position == _everything;

    /// <summary>Calls the method.</summary>
    /// <param name="target">The instance; null for a static method.</param>
    /// <param name="arguments">One for each parameter; the context's and the dictionary's are filled in here.</param>
    /// <param name="context">For a parameter of that type.</param>
    /// <param name="everything">For a dictionary parameter.</param>
    public object? Invoke(object? target, Span<object?> arguments, NodeContext context, IReadOnlyDictionary<string, object?>? everything = null)
    {
        if (_context >= 0)
        {
            arguments[_context] = context;
        }

        if (_everything >= 0)
        {
            arguments[_everything] = everything;
        }

        try
        {
            return _invoker.Invoke(target, arguments);
        }
        catch (TargetInvocationException e) when (e.InnerException is not null)
        {
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(e.InnerException);
            throw;
        }
    }
}
