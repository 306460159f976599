package sandbox

import "time"

// insert is cases/insertAttach.php. A client that goes away once its request is sent
// changes nothing: the case is created all the same.
func (c *CRM) insert(q *call) (answer, error) {
	f := c.draw()
	if f.when == onArrival {
		return c.strike(f, q, Case{}), nil
	}
	if err := c.admit(q); err != nil {
		return answer{}, err
	}
	b, err := readBody(q.Body)
	if err != nil {
		return answer{}, err
	}
	if f.when == instead {
		return c.strike(f, q, Case{}), nil
	}
	if err := c.charge(q); err != nil {
		return answer{}, err
	}
	if err := c.check(b); err != nil {
		return answer{}, err
	}
	if f.when == slowly {
		time.Sleep(c.config.Faults.SlowBy)
	}
	k, err := c.create(q.token, b)
	if err != nil {
		return answer{}, err
	}
	return c.strike(f, q, k), nil
}

// strike answers as the fault wants it, under its name.
func (c *CRM) strike(f fault, q *call, k Case) answer {
	a := f.answer(c, q, k)
	a.name = f.name
	return a
}
