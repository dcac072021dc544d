import { memo } from "react";
import type { Order } from "tapecast-client";
import { isOpen, kindOf, momentOf } from "../account";
import { clock, exactPrice, exactQuantity } from "../format";

/** The recent orders, newest first. */
export const Orders = memo(function Orders({ orders }: { orders: readonly Order[] | undefined }) {
  return (
    <section className="panel orders" aria-label="Recent orders">
      <div className="bar">
        <h2>Orders</h2>
      </div>
      {!orders?.length ? (
        <p className="empty">{orders ? "No orders yet." : "This server has not told of any orders."}</p>
      ) : (
        <div className="scroller">
          <table>
            <thead>
              <tr>
                <th scope="col">Symbol</th>
                <th scope="col">Order</th>
                <th scope="col">Filled</th>
                <th scope="col" className="wide">
                  At
                </th>
                <th scope="col">Status</th>
                <th scope="col" className="wider">
                  Time
                </th>
              </tr>
            </thead>
            <tbody>
              {orders.map((order) => (
                <tr key={order.id} className={isOpen(order) ? "open" : ""} data-order={order.id}>
                  <th scope="row">{order.symbol}</th>
                  <td>
                    <span className={order.side === "sell" ? "down" : "up"}>{order.side}</span>{" "}
                    {order.qty ? exactQuantity(order.qty) : order.notional && `$${order.notional}`}{" "}
                    <span className="dim">{kindOf(order)}</span>
                  </td>
                  <td>{exactQuantity(order.filled_qty)}</td>
                  <td className="wide">{exactPrice(order.filled_avg_price)}</td>
                  <td>{(order.status ?? "").replaceAll("_", " ")}</td>
                  <td className="wider dim">{clock(momentOf(order))}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
});
